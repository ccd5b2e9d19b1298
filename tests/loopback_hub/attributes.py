"""Which files go to large-file storage, and which are ignored: .gitattributes and .gitignore as the Hub reads them."""

import re
from functools import lru_cache

# A file of this size or more cannot be in a commit's own body.
REGULAR_LIMIT = 10 * 2**20
LFS = "filter=lfs diff=lfs merge=lfs -text"

_PATTERNS = (
    "*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.mlmodel *.model *.msgpack *.npy *.npz *.onnx "
    "*.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz "
    "*.wasm *.xz *.zip *.zst *tfevents*"
).split()
_DATASET_PATTERNS = (
    "*.lz4 *.mds *.pcm *.sam *.raw *.aac *.flac *.mp3 *.ogg *.wav *.bmp *.gif *.png *.tiff *.jpg *.jpeg *.webp *.mp4 "
    "*.webm"
).split()


def default_gitattributes(kind: str) -> bytes:
    """The .gitattributes of a new repo; `kind` is models, datasets or spaces."""
    patterns = sorted(_PATTERNS + _DATASET_PATTERNS) if kind == "datasets" else _PATTERNS
    return "".join(f"{pattern} {LFS}\n" for pattern in patterns).encode()


def is_lfs(path: str, gitattributes: bytes) -> bool:
    """Whether .gitattributes sends `path` to large-file storage; the last line that matches decides."""
    lfs = False
    for line in gitattributes.decode().splitlines():
        pattern, *attributes = line.split() or [""]
        if pattern and not pattern.startswith("#") and _matches(pattern.replace("[[:space:]]", " "), path):
            lfs = "filter=lfs" in attributes
    return lfs


def with_lfs(path: str, gitattributes: bytes) -> bytes:
    """.gitattributes with a line for `path`: what the Hub does to a file that is large storage and no line names."""
    separator = b"" if not gitattributes or gitattributes.endswith(b"\n") else b"\n"
    return gitattributes + separator + f"{path.replace(' ', '[[:space:]]')} {LFS}\n".encode()


def is_ignored(path: str, gitignore: str) -> bool:
    """Whether .gitignore leaves `path` out; the last line that matches it, or a folder above it, decides."""
    ignored = False
    folders = [path[:end] for end, letter in enumerate(path) if letter == "/"]
    for line in map(str.strip, gitignore.splitlines()):
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        targets = folders if pattern.endswith("/") else [*folders, path]
        if any(_matches(pattern.rstrip("/"), target) for target in targets):
            ignored = not line.startswith("!")
    return ignored


def is_binary(data: bytes) -> bool:
    """Whether these bytes, or the first of a file, are not text."""
    if b"\0" in data:
        return True
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.reason != "unexpected end of data"  # a sample may end in the middle of a letter
    return False


def upload_mode(path: str, size: int, sample: bytes, gitattributes: bytes) -> str:
    """How a file is to be sent: "regular", in the commit's own body, or "lfs".

    Binary files go to large-file storage whatever their name and size: the Hub takes none in a commit's own body.
    """
    if size == 0:
        return "regular"
    return "lfs" if size >= REGULAR_LIMIT or is_lfs(path, gitattributes) or is_binary(sample) else "regular"


def _matches(pattern: str, path: str) -> bool:
    # Without a slash, git looks at the last part of the path only.
    if "/" not in pattern:
        path = path.rsplit("/", 1)[-1]
    return _regex(pattern.removeprefix("/")).fullmatch(path) is not None


@lru_cache(maxsize=512)
def _regex(pattern: str) -> re.Pattern:
    tokens = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(tokens.get(part, re.escape(part)) for part in parts))
