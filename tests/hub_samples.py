"""What the tests of the loopback Hub put into it."""

from huggingface_hub import CommitOperationAdd

REPO = "you/mnist-cnn"
WEIGHTS = bytes(range(256)) * 4000  # about a megabyte, not text


def add(path: str, data: bytes) -> CommitOperationAdd:
    return CommitOperationAdd(path_in_repo=path, path_or_fileobj=data)
