"""The image processor that is published with the weights, for `trust_remote_code=True`.

    processor = AutoImageProcessor.from_pretrained("you/mnist-cnn", trust_remote_code=True)
    processor(Image.open("photo.jpg"), return_tensors="pt")["pixel_values"]     # (1, 3, H, W)

Without trust, transformers' own processor for timm models takes its place: right for pictures in MNIST's form.
"""

import shutil
from pathlib import Path

from PIL import Image
from transformers.image_processing_utils import BatchFeature
from transformers.models.timm_wrapper.image_processing_timm_wrapper import TimmWrapperImageProcessor

from .preprocessing import canonicalize


class MnistImageProcessor(TimmWrapperImageProcessor):
    """Brings any picture of a digit into MNIST's form, then does what timm's processor does."""

    def preprocess(self, images, return_tensors="pt") -> BatchFeature:
        """Prepare pictures for the model.

        Args:
            images: a picture as `canonicalize` takes it, a list of them, or an array or tensor of several, shape
                (B, H, W, C) or (B, C, H, W).
            return_tensors: "pt".
        Returns:
            `pixel_values`, float32, shape (B, 3, H, W), where H and W are the model's input size.
        Raises:
            ValueError: one is no picture but a path, say.
        """
        if not isinstance(images, (list, tuple)):
            images = list(images) if getattr(images, "ndim", 0) == 4 else [images]
        if any(image is None or isinstance(image, (str, bytes, list, tuple)) for image in images):
            raise ValueError("Give PIL images, arrays or tensors: a path is opened with PIL.Image.open.")
        canonical = [Image.fromarray(canonicalize(image)).convert("RGB") for image in images]
        return super().preprocess(canonical, return_tensors=return_tensors)

    def save_pretrained(self, save_directory, push_to_hub: bool = False, **kwargs) -> None:
        """Leave this code beside a saved model: the settings are in its `config.json`, where the model put them.

        Args:
            save_directory: what the model's own `save_pretrained` was given.
            push_to_hub: not heeded; nor is anything else: push the folder.
        """
        Path(save_directory).mkdir(parents=True, exist_ok=True)
        for name in ("preprocessing.py", "image_processing_mnist.py"):
            shutil.copyfile(Path(__file__).with_name(name), Path(save_directory, name))
