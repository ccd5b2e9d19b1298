"""Data sets to tensors: columns, the split, batches, what the network sees, augmentation."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Image, Value
from PIL import Image as PILImage
from strokes import draw_digit

from mnist_model import MnistModelError
from mnist_model.architectures import ARCHITECTURES
from mnist_model.data import (
    AugmentConfig,
    DataConfig,
    Split,
    augment,
    epoch_batches,
    load_data,
    load_test,
    stratified_split,
    to_pixel_values,
    with_hard_edges,
)
from mnist_model.preprocessing import PIXEL_MEAN, PIXEL_STD, canonicalize

SIGNS = {"image": Image(), "label": ClassLabel(names=["7", "8"])}


def save_dataset(folder, features: dict, rows: dict, splits=("train", "test")):
    for split in splits:
        Dataset.from_dict(rows, features=Features(features)).to_parquet(
            folder / "data" / f"{split}-00000-of-00001.parquet"
        )
    return str(folder)


def test_names_and_columns_come_from_the_features(tiny_dataset):
    data = load_data(DataConfig(dataset=str(tiny_dataset), validation_fraction=0.1))
    assert data.label_names == [str(digit) for digit in range(10)]
    assert len(data.train) + len(data.validation) == 260 and len(data.test) == 60
    assert data.train.images.dtype == torch.uint8 and data.train.images.shape[1:] == (28, 28)
    assert data.validation.labels.bincount().tolist() == [3] * 10


def test_other_columns_and_sizes(tmp_path):
    pages = [draw_digit(digit, side=90, pen=6) for digit in (3, 7, 3, 7)]
    features = {"scan": Image(), "thumbnail": Image(), "digit": ClassLabel(names=["three", "seven"])}
    rows = {"scan": pages, "thumbnail": pages, "digit": [0, 1, 0, 1]}
    folder = save_dataset(tmp_path / "scans", features, rows, splits=("fit", "held_out"))
    config = {"train_split": "fit", "test_split": "held_out", "validation_fraction": 0.5}
    with pytest.raises(MnistModelError, match="2 image columns; name one with --image-column.*scan"):
        load_data(DataConfig(dataset=folder, **config))
    data = load_data(DataConfig(dataset=folder, image_column="scan", **config))
    assert data.label_names == ["three", "seven"]
    assert np.array_equal(data.test.images[0], canonicalize(pages[0]))


@pytest.mark.parametrize(
    ("kind", "labels", "names"),
    [("string", ["seven", "three"], ["seven", "three"]), ("int64", [12, 3], ["3", "12"])],
)
@pytest.mark.parametrize("column", ["label", "sign"])
def test_labels_may_be_texts_or_whole_numbers(tmp_path, kind, labels, names, column):
    rows = {"image": [draw_digit(3, side=28, pen=3)] * 4, column: labels * 2}
    folder = save_dataset(tmp_path / "d", {"image": Image(), column: Value(kind)}, rows)
    options = {"dataset": folder, "validation_fraction": 0.5}
    data = load_data(DataConfig(**options, label_column=None if column == "label" else column))
    assert data.label_names == names
    assert [data.label_names[label] for label in data.test.labels.tolist()] == [str(label) for label in labels * 2]


def test_a_label_that_only_the_test_split_has(tmp_path):
    features = {"image": Image(), "label": Value("string")}
    pages = [draw_digit(3, side=28, pen=3)] * 4
    save_dataset(tmp_path, features, {"image": pages, "label": ["a", "b"] * 2}, splits=["train"])
    folder = save_dataset(tmp_path, features, {"image": pages, "label": ["a", "b", "c", "d"]}, splits=["test"])
    with pytest.raises(MnistModelError, match="labels that its training split lacks: c, d"):
        load_data(DataConfig(dataset=folder, validation_fraction=0.5))


def test_a_model_is_measured_on_a_test_split_alone_by_its_own_names(tmp_path):
    pages = [draw_digit(digit, side=28, pen=3) for digit in (8, 7)]
    folder = save_dataset(tmp_path, SIGNS, {"image": pages, "label": [1, 0]}, splits=["test"])
    test = load_test(DataConfig(dataset=folder), ["6", "8", "7"])
    assert test.labels.tolist() == [1, 2] and np.array_equal(test.images[1], np.asarray(pages[1]))
    with pytest.raises(MnistModelError, match="has labels that the model lacks: 8"):
        load_test(DataConfig(dataset=folder), ["6", "7"])


@pytest.mark.parametrize(
    ("features", "rows", "sentence"),
    [
        (
            {"text": Value("string"), "label": ClassLabel(names=["a", "b"])},
            {"text": ["x"], "label": [0]},
            "--image-column",
        ),
        ({"image": Image(), "label": Value("float64")}, {"image": None, "label": [0.5]}, "--label-column.*float64"),
        ({"image": Image(), "label": Value("string")}, {"image": None, "label": ["7"]}, "fewer than two classes"),
        ({"image": Image(), "label": Value("int64")}, {"image": None, "label": [-1]}, "fewer than two classes"),
        ({"image": Image(), "label": ClassLabel(names=["7"])}, {"image": None, "label": [0]}, "fewer than two classes"),
        (SIGNS, {"image": None, "label": [None]}, "pictures without a label"),
        (SIGNS, {"image": None, "label": [0]}, "leaves no picture to train on of 7"),
        (SIGNS, {"image": [{"path": None, "bytes": b"GIF89a"}], "label": [0]}, "in rows 0 to 0, is damaged"),
        (SIGNS, {"image": [draw_digit(7, side=28, pen=3), None], "label": [0, 1]}, "missing, in rows 0 to 1"),
    ],
)
def test_data_sets_that_cannot_be_learnt(tmp_path, features, rows, sentence):
    if rows.get("image", 0) is None:
        rows = {**rows, "image": [draw_digit(7, side=28, pen=3)]}
    with pytest.raises(MnistModelError, match=sentence):
        load_data(DataConfig(dataset=save_dataset(tmp_path / "d", features, rows)))


def test_a_data_set_that_is_not_there(tmp_path, tiny_dataset):
    with pytest.raises(MnistModelError, match="cannot be loaded"):
        load_data(DataConfig(dataset=str(tmp_path / "nothing")))
    with pytest.raises(MnistModelError, match="has no split 'dev'; it has: train, test"):
        load_data(DataConfig(dataset=str(tiny_dataset), test_split="dev"))


@pytest.mark.parametrize("option", [{"validation_fraction": 0}, {"validation_fraction": 1}, {"max_train_samples": 0}])
def test_options_out_of_range(option):
    with pytest.raises(MnistModelError, match="must"):
        DataConfig(**option)
    with pytest.raises(MnistModelError, match="--shear must lie between 0 and 1000, and is -1"):
        AugmentConfig(shear=-1)
    with pytest.raises(MnistModelError, match="--hard-edges must lie between 0 and 1, and is 1.5"):
        AugmentConfig(hard_edges=1.5)
    with pytest.raises(MnistModelError, match="--styles must lie between 0 and 1, and is nan"):
        AugmentConfig(styles=float("nan"))


def test_the_validation_split_is_stratified_and_fixed():
    labels = torch.randint(0, 10, (5000,), generator=torch.Generator().manual_seed(3))
    train, validation = stratified_split(labels, 0.1)
    torch.manual_seed(99)
    again = stratified_split(labels, 0.1)
    assert torch.equal(train, again[0]) and torch.equal(validation, again[1])
    assert sorted(train.tolist() + validation.tolist()) == list(range(5000))
    expected = labels.bincount() * 0.1
    assert (labels[validation].bincount() - expected).abs().max() <= 0.5


@pytest.mark.parametrize(("count", "batch_size"), [(57_000, 128), (1, 128), (128, 128), (129, 128), (1000, 7)])
def test_every_picture_comes_once_an_epoch(count, batch_size):
    batches = epoch_batches(count, batch_size, seed=5)
    sizes = {len(batch) for batch in batches}
    assert torch.equal(torch.cat(batches).sort().values, torch.arange(count))
    assert max(sizes) <= batch_size and max(sizes) - min(sizes) <= 1
    assert torch.equal(torch.cat(batches), torch.cat(epoch_batches(count, batch_size, seed=5)))
    if count > 10:
        assert not torch.equal(torch.cat(batches), torch.cat(epoch_batches(count, batch_size, seed=6)))


@pytest.mark.parametrize("size", sorted({architecture.input_size for architecture in ARCHITECTURES.values()}))
def test_the_network_sees_what_pil_would_show_it(size):
    images = torch.randint(0, 256, (20, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    bilinear = PILImage.Resampling.BILINEAR
    enlarged = [np.asarray(PILImage.fromarray(image).resize((size, size), bilinear)) for image in images.numpy()]
    expected = (np.stack(enlarged) / 255 - PIXEL_MEAN) / PIXEL_STD
    np.testing.assert_allclose(to_pixel_values(images, size)[:, 0], expected, atol=1e-6)


@pytest.fixture
def digits() -> torch.Tensor:
    pages = [draw_digit(digit, side=28, pen=2.5, ink="white", paper="black") for digit in range(10)]
    return torch.from_numpy(np.stack([np.asarray(page) for page in pages]))


STILL = {field.name: 0.0 for field in fields(AugmentConfig)}


def augmented(digits: torch.Tensor, **options: float) -> torch.Tensor:
    return augment(Split(digits, torch.arange(10)), [str(digit) for digit in range(10)], AugmentConfig(**options))


def test_no_augmentation_changes_nothing(digits):
    torch.testing.assert_close(augmented(digits, **STILL), digits.float(), atol=1e-3, rtol=0)


def test_augmentation_redraws_and_never_mirrors(digits):
    torch.manual_seed(0)
    for _ in range(20):
        changed = augmented(digits)
        assert changed.shape == digits.shape and changed.min() >= 0 and changed.max() < 255.01
        original = digits.float().flatten(1)
        for candidate in (changed, changed.flip(2)):
            assert not torch.equal(candidate, digits.float())
        # 2 and 7 are far from their mirror images: a flip would bring them nearer to those.
        alike = torch.cosine_similarity(original, changed.flatten(1))[[2, 7]]
        mirrored = torch.cosine_similarity(digits.flip(2).float().flatten(1), changed.flatten(1))[[2, 7]]
        assert (alike > mirrored).all()


def test_each_augmentation_does_its_own(digits):
    torch.manual_seed(1)
    for name in [name for name in STILL if name != "anneal"]:  # which alone does nothing
        changed = augmented(digits, **{**STILL, name: 5.0 if name == "rotation" else 0.9})
        assert (changed - digits.float()).abs().max() > 5, name
    thick = torch.stack([augmented(digits, **{**STILL, "thickness": 1.0}).sum(dim=(1, 2)) for _ in range(30)])
    ink = digits.float().sum(dim=(1, 2))
    assert (thick.max(dim=0).values > 1.2 * ink).all() and (thick.min(dim=0).values < 0.8 * ink).all()


def test_some_pictures_get_hard_edges_and_the_others_stay():
    torch.manual_seed(0)
    images = torch.nn.functional.avg_pool2d((torch.rand(200, 1, 28, 28) > 0.6) * 255.0, 5, 1, 2)[:, 0]
    hard = with_hard_edges(images, share=0.25)
    changed = (hard != images).flatten(1).any(dim=1)
    assert hard.shape == images.shape and hard.min() >= 0 and hard.max().item() == pytest.approx(255)
    assert changed.sum() == 50
    # What ink there was is still there, and most pixels are full or empty.
    assert torch.corrcoef(torch.stack([hard[changed].flatten(), images[changed].flatten()]))[0, 1] > 0.5
    extremes = ((hard[changed] < 1) | (hard[changed] > 254)).float().mean()
    assert extremes > 0.3 > ((images < 1) | (images > 254)).float().mean()


def test_the_last_third_of_training_bends_less():
    config = AugmentConfig(rotation=10.0, styles=0.5, hard_edges=0.1, anneal=0.4)
    assert [config.at(progress).rotation for progress in (0.0, 0.6, 0.7, 1.0)] == [10.0, 10.0, 6.0, 6.0]
    less = {name: 0.6 * value for name, value in vars(config).items()} | {"styles": 0.5, "hard_edges": 0.1}
    assert config.at(0.9) == AugmentConfig(**less | {"anneal": 0.0})
    assert AugmentConfig().at(1.0) == AugmentConfig()


def test_mnist_is_whole(mnist):
    assert len(mnist.train) + len(mnist.validation) == 60_000 and len(mnist.test) == 10_000
    pixels = mnist.train.images.float() / 255
    assert abs(pixels.mean() - PIXEL_MEAN) < 1e-3 and abs(pixels.std() - PIXEL_STD) < 1e-3
