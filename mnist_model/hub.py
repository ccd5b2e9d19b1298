"""Checkpoints on the Hugging Face Hub."""

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from .errors import MnistModelError

CHECKPOINT_FILES = ("config.json", "model.safetensors", "model.onnx", "report.json")


def download_checkpoint(model_id: str, revision: str | None = None) -> tuple[Path, str]:
    """Fetch a checkpoint from the Hub, or take it from the local cache.

    Args:
        model_id: "owner/name".
        revision: branch, tag or commit; the main branch where it is None.
    Returns:
        The folder in the cache, and the commit that it holds.
    Raises:
        MnistModelError: there is no such model or revision, it is private, or the Hub cannot be reached.
    """
    try:
        folder = Path(snapshot_download(model_id, revision=revision, allow_patterns=CHECKPOINT_FILES))
    except HFValidationError as error:
        raise MnistModelError(f"{model_id!r} is neither a folder here nor a model id like 'owner/name'.") from error
    except RevisionNotFoundError as error:
        raise MnistModelError(f"The model {model_id!r} has no revision {revision!r} on the Hub.") from error
    except GatedRepoError as error:
        raise MnistModelError(
            f"The model {model_id!r} is gated: ask for access, and log in with `hf auth login`."
        ) from error
    except RepositoryNotFoundError as error:
        raise MnistModelError(
            f"There is no model {model_id!r} on the Hub, or it is private: check the id, or use `hf auth login`."
        ) from error
    except LocalEntryNotFoundError as error:
        raise MnistModelError(f"The model {model_id!r} is not in the cache and the Hub cannot be reached.") from error
    except Exception as error:  # the transport raises whatever it is built on
        raise MnistModelError(
            f"The model {model_id!r} cannot be fetched from the Hub ({type(error).__name__})."
        ) from error
    return folder, folder.name
