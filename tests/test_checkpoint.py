"""One folder, written whole, read by every loader."""

import errno
import json
import pickle
import shutil

import numpy as np
import onnxruntime
import pytest
import timm
import torch
from PIL import Image
from strokes import draw_digit

from mnist_model import DigitRecognizer, MnistModelError, canonicalize, load_checkpoint
from mnist_model.checkpoint import CODE_FILES, fold_temperature, save_checkpoint
from mnist_model.data import to_pixel_values

LABELS = [str(digit) for digit in range(10)]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = timm.create_model("mnist_cnn", in_chans=1)
    model(torch.randn(64, 1, 56, 56))  # so that the running statistics are not those of the start
    return model.eval()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    return save_checkpoint(model, tmp_path_factory.mktemp("run") / "checkpoint", "mnist_cnn", LABELS)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.stack([canonicalize(draw_digit(digit, side=140, pen=9)) for digit in range(10)])


@pytest.fixture(scope="module")
def expected(model, images) -> torch.Tensor:
    with torch.inference_mode():
        return model(to_pixel_values(torch.from_numpy(images)))


def close(logits, expected):
    np.testing.assert_allclose(np.asarray(logits), expected, atol=1e-4)


def test_timm(folder, images, expected):
    pixel_values = to_pixel_values(torch.from_numpy(images)).expand(-1, 3, -1, -1)
    with torch.inference_mode():
        close(load_checkpoint(folder)(pixel_values), expected)
        close(timm.create_model(f"local-dir:{folder}", pretrained=True).eval()(pixel_values), expected)


def test_onnx(folder, images, expected):
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    assert [i.name for i in session.get_inputs()] == ["pixel_values"]
    assert [o.name for o in session.get_outputs()] == ["logits", "features"]
    pixel_values = to_pixel_values(torch.from_numpy(images)).expand(-1, 3, -1, -1).numpy()
    for count in (1, 3, 10):
        logits, features = session.run(None, {"pixel_values": pixel_values[:count]})
        close(logits, expected[:count])
        model = load_checkpoint(folder)
        weight, bias = model.fc.weight.detach().numpy(), model.fc.bias.detach().numpy()
        close(features.mean(axis=(2, 3)) @ weight.T + bias, expected[:count])


def test_transformers_without_our_code(folder, images, expected, run_python, tmp_path):
    np.save(tmp_path / "images.npy", images)
    code = f"""
import sys; sys.modules["mnist_model"] = None; sys.path = [p for p in sys.path if p]
import numpy as np, torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification, pipeline
folder = {str(folder)!r}
images = [Image.fromarray(i) for i in np.load({str(tmp_path / "images.npy")!r})]
model = AutoModelForImageClassification.from_pretrained(folder)
assert model.config.id2label[3] == "3"
for trust in (False, True):
    processor = AutoImageProcessor.from_pretrained(folder, trust_remote_code=trust)
    assert type(processor).__name__ == ("MnistImageProcessor" if trust else "TimmWrapperImageProcessor")
    with torch.inference_mode():
        logits = model(**processor([i if trust else i.convert("RGB") for i in images], return_tensors="pt")).logits
    np.save({str(tmp_path)!r} + f"/{{trust}}.npy", logits.numpy())
answer = pipeline("image-classification", model=folder)(images[0].convert("RGB"), top_k=3)
assert len(answer) == 3 and answer[0]["label"] in "0123456789"
page = Image.new("L", (300, 500), 255); page.paste(images[5].resize((56, 56)).point(lambda v: 255 - v), (200, 40))
assert processor(page, return_tensors="pt")["pixel_values"].shape == (1, 3, 56, 56)
"""
    run_python("-c", code, env={"HF_MODULES_CACHE": str(tmp_path / "modules")}, check=True)
    close(np.load(tmp_path / "False.npy"), expected)
    again = torch.from_numpy(np.stack([canonicalize(image) for image in images]))
    with torch.inference_mode():
        close(np.load(tmp_path / "True.npy"), load_checkpoint(folder)(to_pixel_values(again).expand(-1, 3, -1, -1)))


def test_published_code_is_the_code_of_the_package(folder):
    for file in CODE_FILES:
        source = open(f"mnist_model/{file}").read()
        for published in (folder, "mnist_model/checkpoints/mnist_cnn"):
            assert open(f"{published}/{file}").read() == source, f"{published}/{file} is not mnist_model/{file}"


def test_the_temperature_is_folded_into_the_classifier(model, expected, images):
    cooler = timm.create_model("mnist_cnn", in_chans=1).eval()
    cooler.load_state_dict(model.state_dict())
    fold_temperature(cooler, 2.5)
    with torch.inference_mode():
        close(cooler(to_pixel_values(torch.from_numpy(images))), expected / 2.5)


def test_a_full_disk_leaves_the_last_checkpoint_whole(model, folder, images, tmp_path):
    target = shutil.copytree(folder, tmp_path / "run" / "checkpoint")
    before = {path.name: path.read_bytes() for path in target.iterdir()}

    def fill_the_disk(unfinished):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(MnistModelError, match="the disk is full; what was there before is unharmed"):
        save_checkpoint(model, target, "mnist_cnn", LABELS, write_more=fill_the_disk)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert [path.name for path in target.parent.iterdir()] == ["checkpoint"]


def test_a_limit_on_the_size_of_files_is_told_as_a_sentence(folder, run_python, tmp_path):
    target = shutil.copytree(folder, tmp_path / "run" / "checkpoint")
    code = f"""
import resource, signal, timm, mnist_model
from mnist_model.checkpoint import save_checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
model = timm.create_model("mnist_cnn", in_chans=1).eval()
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    save_checkpoint(model, {str(target)!r}, "mnist_cnn", list("0123456789"))
except mnist_model.MnistModelError as error:
    print(error)
"""
    printed = run_python("-c", code).stdout
    assert "cannot be written" in printed and "unharmed" in printed
    assert DigitRecognizer(target).predict(draw_digit(4)).is_digit


@pytest.fixture
def damaged(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "checkpoint")


def refused(folder, sentence, recognizer_too=True):
    with pytest.raises(MnistModelError, match=sentence):
        load_checkpoint(folder)
    if recognizer_too:
        with pytest.raises(MnistModelError, match=sentence):
            DigitRecognizer(folder)


def test_no_config(damaged):
    (damaged / "config.json").unlink()
    refused(damaged, "has no config.json")
    refused(damaged / "nowhere", "There is no checkpoint folder")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"architecture": "resnet18"}'])
def test_a_damaged_config(damaged, text):
    (damaged / "config.json").write_text(text)
    refused(damaged, "damaged|lacks")


def test_weights_missing_or_cut(damaged):
    weights = (damaged / "model.safetensors").read_bytes()
    (damaged / "model.safetensors").write_bytes(weights[:-1000])
    refused(damaged, "damaged or cut short", recognizer_too=False)
    (damaged / "model.safetensors").unlink()
    refused(damaged, "has no model.safetensors", recognizer_too=False)


def test_a_pickle_is_never_opened(damaged, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    (damaged / "model.safetensors").unlink()
    (damaged / "model.onnx").unlink()
    (damaged / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    refused(damaged, "pytorch_model.bin is a pickle")
    assert not (tmp_path / "exploded").exists()


def test_onnx_cut_or_missing(damaged, expected, images):
    model = (damaged / "model.onnx").read_bytes()
    (damaged / "model.onnx").write_bytes(model[: len(model) // 2])
    with pytest.raises(MnistModelError, match="model.onnx is missing or damaged"):
        DigitRecognizer(damaged)
    (damaged / "model.onnx").unlink()
    predictions = DigitRecognizer(damaged).predict_canonical(list(images))  # written anew from the weights
    probabilities = [list(prediction.probabilities.values()) for prediction in predictions]
    np.testing.assert_allclose(probabilities, expected.softmax(dim=1), atol=1e-4)


def test_an_unknown_architecture(damaged):
    config = json.loads((damaged / "config.json").read_text())
    (damaged / "config.json").write_text(json.dumps({**config, "architecture": "resnet_of_tomorrow"}))
    refused(damaged, "'resnet_of_tomorrow', unknown to timm", recognizer_too=False)
    config["model_args"]["channels"] = [32, 64, 64, 64]
    (damaged / "config.json").write_text(json.dumps(config))
    refused(damaged, "do not fit", recognizer_too=False)


def test_the_processor_gives_what_training_feeds(images):
    from mnist_model.image_processing_mnist import MnistImageProcessor

    config = json.load(open("mnist_model/checkpoints/mnist_cnn/config.json"))
    processor = MnistImageProcessor(config["pretrained_cfg"], architecture=config["architecture"])
    pixel_values = processor([Image.fromarray(image) for image in images], return_tensors="pt")["pixel_values"]
    seen = np.stack([canonicalize(image) for image in images])
    training = to_pixel_values(torch.from_numpy(seen)).expand(-1, 3, -1, -1)
    np.testing.assert_allclose(pixel_values, training, atol=1e-5)
