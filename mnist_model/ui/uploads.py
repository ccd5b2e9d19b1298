"""Files that visitors send."""

from PIL import ExifTags, Image

from mnist_model.errors import MnistModelError


def uploaded_path(image: dict | None) -> str:
    """The file behind the raw value of a gr.Image, which events with preprocess=False are given.

    gr.Image opens a file before the function runs, and one that is no picture then ends in a traceback. Here it stays
    unopened until the recognizer opens it, and says in a sentence what is wrong with it.

    Raises:
        MnistModelError: when there is no file.
    """
    path = image.get("path") if image else None
    if not path:
        raise MnistModelError("No picture was sent: send one image file.")
    return path


def shown_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height of a picture as it is shown, its EXIF rotation undone."""
    width, height = picture.size
    return (height, width) if picture.getexif().get(ExifTags.Base.Orientation, 1) >= 5 else (width, height)
