"""The models of our own against scikit-learn's of the same kind."""

import numpy as np
import pytest
import timm
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from mnist_model import MnistModelError
from mnist_model.baselines import SMALLEST_STD, NearestNeighbours, Perceptron, deskew
from mnist_model.data import to_pixel_values


@pytest.fixture(scope="module")
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """Nine noisy patterns of three kinds: shape (600, 1, 28, 28), and which kind each is."""
    generator = torch.Generator().manual_seed(0)
    which = torch.arange(600) % 9
    patterns = torch.rand(9, 1, 28, 28, generator=generator)
    return patterns[which] + 2 * torch.rand(600, 1, 28, 28, generator=generator), which % 3


def test_the_scaler_is_that_of_scikit_learn_but_for_pixels_that_hardly_vary(pictures):
    pixel_values, labels = pictures
    pixel_values = pixel_values.clone()
    pixel_values[:, 0, 0, 0] = 0.25  # the same in all
    model = Perceptron(standardize=True, in_chans=1)
    model.fit_buffers(pixel_values, labels)
    flat = pixel_values.flatten(1).numpy()
    expected = StandardScaler().fit_transform(flat)
    scaled = model.scaler(torch.from_numpy(flat)).numpy()
    np.testing.assert_allclose(scaled[:, 1:], expected[:, 1:], rtol=2e-3, atol=1e-4)
    assert (scaled[:, 0] == 0).all() and model.scaler.std[0] == SMALLEST_STD


def test_a_perceptron_without_hidden_layers_is_linear():
    model = Perceptron(standardize=True).eval()
    x, y = torch.randn(2, 4, 3, 28, 28)
    torch.testing.assert_close(model(x) + model(y), model(x + y) + model(torch.zeros_like(x)), atol=1e-4, rtol=1e-4)


def test_a_leaning_bar_is_set_upright_and_an_upright_one_stays():
    upright, leaning = torch.zeros(2, 28, 28, dtype=torch.uint8)
    upright[5:23, 12:15] = 255
    for row in range(5, 23):
        column = 12 + (row - 14) // 3
        leaning[row, column : column + 3] = 255
    straightened = deskew(to_pixel_values(torch.stack([upright, leaning]), 28)) * 255
    assert (straightened[0] - upright).abs().max() < 1
    columns = torch.arange(28.0)
    middles = (straightened[1, 6:22] * columns).sum(dim=1) / straightened[1, 6:22].sum(dim=1)
    assert middles.std() < 0.4
    assert deskew(to_pixel_values(torch.zeros(1, 28, 28), 28)).abs().max() < 1e-6


def test_neighbours_are_those_of_scikit_learn(pictures):
    pixel_values, labels = pictures
    known, asked = pixel_values[:500], pixel_values[500:]
    model = NearestNeighbours(references=500, components=8, num_classes=3, in_chans=1).eval()
    model.fit_buffers(known, labels[:500])
    known, asked = deskew(known), deskew(asked)
    pca = PCA(8).fit(known.flatten(1).numpy())
    neighbours = int(model.neighbours)
    peer = KNeighborsClassifier(neighbours, weights=lambda distance: distance**-2.0)
    peer.fit(pca.transform(known.flatten(1).numpy()), labels[:500].numpy())
    expected = peer.predict_proba(pca.transform(asked.flatten(1).numpy()))
    shares = (model(pixel_values[500:]).exp() - model.FLOOR).numpy()
    assert neighbours in NearestNeighbours.NEIGHBOURS
    assert np.abs(shares - expected).mean() < 0.02  # 8 bits turn the order of some neighbours
    assert (shares.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.97


def test_fewer_pictures_than_references(pictures):
    pixel_values, labels = pictures
    model = NearestNeighbours(references=100, components=4, num_classes=3, in_chans=1).eval()
    model.fit_buffers(pixel_values[:70], labels[:70])
    assert torch.isfinite(model(pixel_values)).all()
    assert torch.equal(model.labels[:30], model.labels[70:])
    with pytest.raises(MnistModelError, match="at least 20 pictures"):
        model.fit_buffers(pixel_values[:19], labels[:19])


def test_a_picture_that_is_a_reference_is_told_at_once(pictures):
    pixel_values, labels = pictures
    model = NearestNeighbours(references=600, components=16, num_classes=3, in_chans=1).eval()
    model.fit_buffers(pixel_values, labels)
    assert (model(pixel_values).argmax(dim=1) == labels).all()


@pytest.mark.parametrize("name", ["mnist_linear", "mnist_knn", "mnist_mlp"])
def test_grey_and_rgb_are_one(name):
    model = timm.create_model(name).eval()
    grey = torch.randn(2, 1, 28, 28)
    torch.testing.assert_close(model(grey), model(grey.expand(-1, 3, -1, -1)), atol=1e-5, rtol=1e-5)
