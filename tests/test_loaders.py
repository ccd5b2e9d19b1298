"""A pushed model in every loader: from a Hub, in a new process that cannot import this package."""

import gzip
import json
import os
import random
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from strokes import DIGITS, draw_digit, draw_strokes

from mnist_model import DigitRecognizer
from mnist_model.config import bundled_checkpoint
from mnist_model.hub import push_checkpoint

ID = "you/mnist-cnn"
ROOT = Path(__file__).parent.parent
# Of every loader: the logits of pictures in MNIST's form. Of the processor, what it makes of pictures of any form.
LOADERS = """
import sys
sys.modules["mnist_model"] = None
import numpy as np, timm, torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification, pipeline
ID, folder = sys.argv[1:]
pictures = [Image.fromarray(array).convert("RGB") for array in np.load(folder + "/mnist.npy")]
logits, scores = {}, {}
with torch.inference_mode():
    for name, trust in (("transformers", False), ("trusted", True)):
        processor = AutoImageProcessor.from_pretrained(ID, trust_remote_code=trust)
        model = AutoModelForImageClassification.from_pretrained(ID, trust_remote_code=trust)
        logits[name] = model(**processor(pictures, return_tensors="pt")).logits.numpy()
        classify = pipeline("image-classification", model=ID, trust_remote_code=trust, top_k=10)
        rows = [{row["label"]: row["score"] for row in rows} for rows in classify(pictures)]
        scores[name] = [[row[str(digit)] for digit in range(10)] for row in rows]
    model = timm.create_model("hf-hub:" + ID, pretrained=True).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    logits["timm"] = model(torch.stack([transform(picture) for picture in pictures])).numpy()
    drawings = [Image.fromarray(array) for array in np.load(folder + "/drawings.npy")]
    seen = [processor(drawing, return_tensors="pt")["pixel_values"] for drawing in drawings]
    answers = model(torch.cat(seen)).softmax(dim=1).numpy()
scores = {"pipeline " + name: value for name, value in scores.items()}
np.savez(folder + "/out.npz", **logits, **scores, answers=answers)
"""


@pytest.fixture
def hub_with_model(hub):
    push_checkpoint(bundled_checkpoint(), ID, tag="v1")
    return hub


def drawings_of_our_own() -> list[np.ndarray]:
    rng = random.Random(0)
    drawn = []
    for index in range(100):
        slant, height = rng.uniform(-0.3, 0.3), rng.uniform(0.5, 1)
        strokes = [[(x + slant * (0.5 - y), y * height) for x, y in stroke] for stroke in DIGITS[str(index % 10)]]
        drawn.append(np.asarray(draw_strokes(strokes, size=(200, 200), pen=rng.uniform(3, 20)).convert("L")))
    return drawn


def drawings_of_real_writers(count: int = 1000) -> list[np.ndarray]:
    """Empty where the strokes are not at hand: they are not part of this repository."""
    path = Path(os.environ.get("REAL_DIGITS", ROOT.parent / "shared" / "real-digits"), "unipen-digits.json.gz")
    rows = json.loads(gzip.decompress(path.read_bytes()))[:count] if path.is_file() else []
    drawn = []
    for row in rows:
        points = np.concatenate([np.asarray(stroke, float) for stroke in row["strokes"]])
        low, size = points.min(axis=0), max(np.ptp(points, axis=0).max(), 1)
        strokes = [((np.asarray(stroke) - low) / size * 0.7 + 0.15).tolist() for stroke in row["strokes"]]
        drawn.append(np.asarray(draw_strokes(strokes, size=(200, 200), pen=10).convert("L")))
    return drawn


def test_all_loaders_agree(hub_with_model, run_python, tmp_path, mnist):
    pictures = mnist.test.images[:50].numpy()
    drawings = drawings_of_our_own() + drawings_of_real_writers()
    np.save(tmp_path / "mnist.npy", pictures)
    np.save(tmp_path / "drawings.npy", np.stack(drawings))
    run_python("-c", LOADERS, ID, tmp_path, env=hub_with_model.environment(), cwd=tmp_path)
    out = np.load(tmp_path / "out.npz")
    recognizer = DigitRecognizer.from_pretrained(ID, revision="v1")
    for name in ("transformers", "timm"):
        ours = [list(prediction.probabilities.values()) for prediction in recognizer.predict_canonical(list(pictures))]
        np.testing.assert_allclose(softmax(out[name]), ours, atol=1e-4)
        np.testing.assert_allclose(out[name], out["timm"], atol=1e-4)
    np.testing.assert_allclose(out["pipeline transformers"], softmax(out["transformers"]), atol=1e-5)
    np.testing.assert_allclose(out["pipeline trusted"], softmax(out["trusted"]), atol=1e-5)
    # The trusted processor canonicalizes, which leaves MNIST's pictures as they are but for a pixel here and there.
    assert (out["trusted"].argmax(axis=1) == out["timm"].argmax(axis=1)).mean() > 0.98
    predictions = recognizer.predict(drawings)
    np.testing.assert_allclose(out["answers"], [list(p.probabilities.values()) for p in predictions], atol=1e-4)


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("name", "with_the_package"), [("mnist_cnn", 1), ("mnist_mlp", 4)])
def test_every_sample_of_the_card_runs_as_printed(name, with_the_package, hub, run_python, tmp_path):
    """mnist_mlp is no stock architecture of timm: transformers and timm know it from the package alone."""
    push_checkpoint(bundled_checkpoint(name), ID)
    card = hub.files(ID)["README.md"].decode()
    samples = re.findall(r"^```python\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)
    assert len(samples) == 5
    needs_the_package = [bool(re.search("(from|import) mnist_model", sample)) for sample in samples]
    assert sum(needs_the_package) == with_the_package
    environment = hub.environment() | {"PYTHONPATH": str(ROOT)}
    for start in ("", "import sys; sys.modules['mnist_model'] = None"):
        chosen = [s for s, needs_it in zip(samples, needs_the_package, strict=True) if needs_it == (not start)]
        code = "\n".join([start, *(f"exec({sample!r}, {{}})\nprint('---')" for sample in chosen)])
        *printed, _ = run_python("-c", code, env=environment, cwd=tmp_path).stdout.split("---\n")
        for sample, output in zip(chosen, printed, strict=True):
            assert re.search(r"(?<![\d.])7(?![\d.])", output), (sample, output)


def test_the_processor_takes_batches_and_refuses_what_is_no_picture():
    from mnist_model.image_processing_mnist import MnistImageProcessor

    processor = MnistImageProcessor.from_pretrained(str(bundled_checkpoint()))
    pages = [np.asarray(draw_digit(digit, 90, 6).convert("RGB")) for digit in (3, 5, 7)]
    expected = processor(pages)["pixel_values"]
    assert expected.shape == (3, 3, 56, 56) and not torch.equal(expected[0], expected[1])
    for batch in (np.stack(pages), torch.from_numpy(np.stack(pages)), torch.from_numpy(np.stack(pages)).movedim(3, 1)):
        torch.testing.assert_close(processor(batch)["pixel_values"], expected)
    for wrong in ("seven.png", ["seven.png"], [None], [pages]):
        with pytest.raises(ValueError, match="PIL.Image.open"):
            processor(wrong)


def test_what_transformers_saved_is_loaded_again(tmp_path):
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    page = draw_digit(7, 90, 6).convert("RGB")
    folder, answers = str(bundled_checkpoint()), []
    for _ in range(2):
        model = AutoModelForImageClassification.from_pretrained(folder)
        processor = AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
        answers.append(model(**processor(page, return_tensors="pt")).logits)
        folder = str(tmp_path / "saved")
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
    assert torch.equal(*answers)
