"""One folder in, one folder out.

    save_checkpoint(model, "runs/mnist_cnn/checkpoint", "mnist_cnn", label_names)
    model = load_checkpoint("runs/mnist_cnn/checkpoint")

The folder loads as it is in timm and transformers. It holds

    config.json             a stock timm architecture, its arguments, and the names of the labels
    model.safetensors       timm's own keys, three input channels
    model.onnx              input pixel_values (B, 3, 56, 56); outputs logits (B, classes) and features (B, C, H, W)
    rejection.onnx          the same of the network that tells the labels from everything else, the last class; if any
    preprocessing.py, image_processing_mnist.py     what trust_remote_code runs

and whatever else was asked for: the report, its plots, the options of the training.
"""

import copy
import errno
import json
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from .architectures import ARCHITECTURES, REJECTION_NETWORK, Architecture, create_network
from .config import CODE_FILES, read_config
from .errors import MnistModelError
from .rejection import REJECTION_FILE, Rejection

ONNX_OPSET = 18
LARGE = 1000  # numbers: the tensors that a checkpoint of half precision rounds


def fold_temperature(model: nn.Module, temperature: float) -> None:
    """Divide the logits by a temperature, by dividing the weight and the bias of the classifier in place."""
    classifier = model.get_classifier()
    with torch.no_grad():
        classifier.weight /= temperature
        classifier.bias /= temperature


def round_weights(model: nn.Module) -> None:
    """Round the large weights, in place, to what 16 bits hold: those of an `Architecture` of half precision."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if _is_large(tensor):
                tensor.copy_(tensor.half())


def _is_large(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() and tensor.numel() >= LARGE


def save_checkpoint(
    model: nn.Module,
    folder: str | Path,
    name: str,
    label_names: list[str],
    rejection: tuple[nn.Module, Rejection] | None = None,
    write_more: Callable[[Path], None] = lambda folder: None,
) -> Path:
    """Write a checkpoint folder, whole or not at all.

    Args:
        model: a trained `mnist_model` architecture of one input channel, or of three.
        folder: replaced, if it exists, once everything is on disk.
        name: of the architecture, a key of `ARCHITECTURES`.
        label_names: one for each logit.
        rejection: the trained `REJECTION_NETWORK`, and when the recognizer refuses a picture.
        write_more: called with the unfinished folder, to add files that belong to the checkpoint.
    Raises:
        MnistModelError: the disk is full or the folder cannot be written; what was there is as it was.
    """
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as unfinished:
            whole = Path(unfinished, folder.name)
            whole.mkdir()
            _write(model, whole, name, label_names, rejection)
            write_more(whole)
            _replace(folder, whole, Path(unfinished, "replaced"))
    except (OSError, RuntimeError, SafetensorError) as error:
        full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
        reason = "the disk is full" if full else str(error).splitlines()[0]
        raise MnistModelError(
            f"The checkpoint cannot be written to {folder}: {reason}; what was there before is unharmed."
        ) from error
    return folder


def _write(
    model: nn.Module, folder: Path, name: str, label_names: list[str], rejection: tuple[nn.Module, Rejection] | None
) -> None:
    architecture = ARCHITECTURES[name]
    exported = _with_three_channels(model, architecture, len(label_names))
    tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in exported.state_dict().items()}
    if architecture.half_precision:
        tensors = {key: tensor.half() if _is_large(tensor) else tensor for key, tensor in tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)  # safetensors makes it unreadable to others
    config = {
        "architecture": architecture.entrypoint,
        "num_classes": len(label_names),
        "num_features": exported.num_features,
        "label_names": label_names,
        "model_args": architecture.model_args,
        "pretrained_cfg": architecture.pretrained_cfg(len(label_names)),
        "auto_map": {"AutoImageProcessor": "image_processing_mnist.MnistImageProcessor"},
        "dtype": "float32",  # to compute in, whatever the weights are kept in
    }
    if rejection:
        network, when = rejection
        config["rejection"] = asdict(when)
        exported_network = _with_three_channels(network, REJECTION_NETWORK, len(label_names) + 1)
        export_onnx(exported_network, folder / REJECTION_FILE, REJECTION_NETWORK.input_size)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    for file in CODE_FILES:
        shutil.copyfile(Path(__file__).with_name(file), folder / file)
    export_onnx(exported, folder / "model.onnx", architecture.input_size)


def _with_three_channels(model: nn.Module, architecture: Architecture, num_classes: int) -> nn.Module:
    """The same network for RGB pictures, in eval mode: exact where the channels are equal, as in grey ones."""
    key = f"{architecture.first_conv}.weight"
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    if key in state and state[key].shape[1] == 1:
        state[key] = state[key].repeat(1, 3, 1, 1) / 3
    exported = create_network(architecture, num_classes=num_classes).eval()
    exported.load_state_dict(state)
    return exported


def _replace(folder: Path, whole: Path, replaced: Path) -> None:
    if folder.exists():
        folder.rename(replaced)
    try:
        whole.rename(folder)
    except OSError:
        if replaced.exists():
            replaced.rename(folder)
        raise


class _WithFeatures(nn.Module):
    """What the ONNX file computes: the logits, and the last feature map they are pooled from."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.model.forward_features(pixel_values)
        return self.model.forward_head(features), features


def export_onnx(model: nn.Module, path: Path, input_size: int) -> None:
    """Write a timm model of three input channels as ONNX, its batch size free."""
    module = _WithFeatures(copy.deepcopy(model).cpu().float().eval())
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            module,
            (torch.zeros(2, 3, input_size, input_size),),
            input_names=["pixel_values"],
            output_names=["logits", "features"],
            dynamic_shapes={"pixel_values": {0: torch.export.Dim("batch", min=1)}},
            opset_version=ONNX_OPSET,
            dynamo=True,
            verbose=False,
        )
    # The exporter notes by each node which line of which file on this machine made it.
    for annotated in (program.model, program.model.graph, *program.model.graph.all_nodes()):
        annotated.metadata_props.clear()
    proto = program.model_proto
    _halve_what_is_exact(proto.graph)
    onnx.save(proto, path)


def _halve_what_is_exact(graph: onnx.GraphProto) -> None:
    """Keep in 16 bits the large weights that 16 bits hold exactly; they are computed with in 32 as before."""
    casts = []
    for initializer in graph.initializer:
        values = onnx.numpy_helper.to_array(initializer)
        if values.dtype != np.float32 or values.size < LARGE or (values.astype(np.float16) != values).any():
            continue
        name = initializer.name
        initializer.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def load_checkpoint(folder: str | Path) -> nn.Module:
    """Load a checkpoint folder as a bare timm model of three input channels, in eval mode.

    Only safetensors are read: a pickle can run code.

    Raises:
        MnistModelError: a file is missing, cut short or of another model; or the architecture is unknown to timm.
    """
    folder = Path(folder)
    config = read_config(folder)
    path = folder / "model.safetensors"
    if not path.is_file():
        pickles = [*folder.glob("*.bin"), *folder.glob("*.pt"), *folder.glob("*.pth"), *folder.glob("*.pkl")]
        hint = f"; {pickles[0].name} is a pickle, which can run code and is not read" if pickles else ""
        raise MnistModelError(f"{folder} has no model.safetensors{hint}.")
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise MnistModelError(f"{path} is damaged or cut short: fetch or train the checkpoint again.") from error
    if not timm.is_model(config["architecture"]):
        raise MnistModelError(
            f"{folder}/config.json names the architecture {config['architecture']!r}, unknown to timm."
        )
    try:
        model = timm.create_model(
            config["architecture"],
            num_classes=config["num_classes"],
            pretrained_cfg=config["pretrained_cfg"],
            **config["model_args"],
        )
        model.load_state_dict(state)
    except (RuntimeError, TypeError) as error:
        raise MnistModelError(f"The weights in {path} do not fit the architecture in its config.json.") from error
    return model.eval()
