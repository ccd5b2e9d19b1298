"""What signed-in visitors were answered, and their preferences, in SQLite: one row an answer, each its owner's alone.

    store = Store(Path(os.environ["DATA_DIR"]))
    store.keep("local:ada", [entry])
    store.entries("local:ada")  # what others keep is never among them
    store.forget_all("local:ada")

An entry is a dictionary:

    id          names the drawing or picture among those of its owner, at most 64 characters
    time        of the answer, in milliseconds since 1970
    source      "draw", "upload" or "camera"
    label       the digits that were read, "" for none
    state       "sure", "unsure" or "none" (no digit)
    sentence    the answer in words
    confidence  of the digit that is least sure, 0 to 1, or None
    model       the name of the one that answered
    page        of the pad, "digit" or "number"; None for a picture
    strokes     of a drawing, as `drawing.parse_strokes` takes them; None for a picture, or where they are too long
    thumbnail   a JPEG as a data URL
"""

import base64
import binascii
import json
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

from mnist_model.errors import MnistModelError
from mnist_model.ui.drawing import WIDE, parse_strokes

FILE = "history.sqlite"
MAX_ENTRIES = 200  # of one owner: the oldest go first
MAX_POINTS = 4000  # of a drawing that is kept: some eight digits
MAX_THUMBNAIL = 24_000  # bytes
MAX_PREFERENCES = 4000  # characters of JSON
JPEG = "data:image/jpeg;base64,"
SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    owner TEXT, id TEXT, time INTEGER, source TEXT, label TEXT, state TEXT, sentence TEXT, confidence REAL,
    model TEXT, page TEXT, strokes TEXT, thumbnail BLOB, PRIMARY KEY (owner, id)
);
CREATE INDEX IF NOT EXISTS answers_by_time ON answers (owner, time);
CREATE TABLE IF NOT EXISTS preferences (owner TEXT PRIMARY KEY, chosen TEXT);
"""
COLUMNS = ("id", "time", "source", "label", "state", "sentence", "confidence", "model", "page", "strokes", "thumbnail")


class Store:
    """A database in a folder, which is made where it is missing.

    Every method opens a connection of its own, and so may be called from any thread, and by several processes.

    Raises:
        sqlite3.Error, OSError: the database cannot be read or written.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def keep(self, owner: str, entries: Any) -> None:
        """Adds entries, or replaces those of the same id; only the newest MAX_ENTRIES stay.

        Raises:
            MnistModelError: they are not as they should be; then none is kept.
        """
        if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
            raise _misunderstood()
        rows = [(owner, *check_entry(entry)) for entry in entries]
        with self._connect() as database:
            names = ", ".join(("owner", *COLUMNS))
            marks = ", ".join("?" * (1 + len(COLUMNS)))
            database.executemany(f"INSERT OR REPLACE INTO answers ({names}) VALUES ({marks})", rows)
            database.execute(
                "DELETE FROM answers WHERE owner = ?1 AND id NOT IN "
                "(SELECT id FROM answers WHERE owner = ?1 ORDER BY time DESC, id LIMIT ?2)",
                (owner, MAX_ENTRIES),
            )

    def entries(self, owner: str) -> list[dict]:
        """All that an owner keeps, newest first."""
        with self._connect() as database:
            query = f"SELECT {', '.join(COLUMNS)} FROM answers WHERE owner = ? ORDER BY time DESC, id"
            rows = database.execute(query, (owner,)).fetchall()
        return [_read(row) for row in rows]

    def forget(self, owner: str, entry_id: Any) -> None:
        """Deletes one entry, if the owner has one of that id."""
        with self._connect() as database:
            database.execute("DELETE FROM answers WHERE owner = ? AND id = ?", (owner, str(entry_id)))

    def forget_all(self, owner: str) -> None:
        """Deletes all that is known of an owner, the preferences too; nothing of it stays in the file."""
        with self._connect() as database:
            database.execute("DELETE FROM answers WHERE owner = ?", (owner,))
            database.execute("DELETE FROM preferences WHERE owner = ?", (owner,))

    def preferences(self, owner: str) -> dict | None:
        """By their names; None where none were kept yet."""
        with self._connect() as database:
            row = database.execute("SELECT chosen FROM preferences WHERE owner = ?", (owner,)).fetchone()
        return json.loads(row[0]) if row else None

    def prefer(self, owner: str, chosen: Any) -> None:
        """Keeps all preferences, by their names: strings, numbers and truth values.

        Raises:
            MnistModelError: they are not as they should be.
        """
        if not isinstance(chosen, dict) or not all(isinstance(value, str | int | float) for value in chosen.values()):
            raise _misunderstood()
        text = json.dumps(chosen)
        if len(text) > MAX_PREFERENCES:
            raise _misunderstood()
        with self._connect() as database:
            database.execute("INSERT OR REPLACE INTO preferences (owner, chosen) VALUES (?, ?)", (owner, text))

    @contextmanager
    def _connect(self) -> Generator[sqlite3.Connection]:
        """One transaction. What it deletes is overwritten, in the file and in its log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.folder / FILE, timeout=10)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA secure_delete = ON")
            database.executescript(SCHEMA)
            before = database.total_changes
            with database:
                yield database
            if database.total_changes > before:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            database.close()


def check_entry(entry: Any) -> tuple:
    """The values of COLUMNS, of an entry as a browser sends it.

    Raises:
        MnistModelError: it is no entry, or larger than one can be.
    """
    if not isinstance(entry, dict):
        raise _misunderstood()
    return (
        _text(entry.get("id"), 64),
        int(_number(entry.get("time"), 0, 1e14)),
        _text(entry.get("source"), 16),
        _text(entry.get("label"), 100),
        _text(entry.get("state"), 16),
        _text(entry.get("sentence"), 1000),
        None if entry.get("confidence") is None else _number(entry["confidence"], 0, 1),
        _text(entry.get("model"), 200),
        None if entry.get("page") is None else _text(entry["page"], 16),
        None if entry.get("strokes") is None else _strokes(entry["strokes"]),
        _thumbnail(entry.get("thumbnail")),
    )


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise _misunderstood()
    return value.encode(errors="replace").decode()  # half a surrogate pair cannot be written


def _number(value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise _misunderstood()
    if not least <= value <= most:
        raise _misunderstood()
    return value


def _strokes(value: Any) -> str:
    strokes = parse_strokes(value, WIDE)
    if sum(map(len, strokes)) > MAX_POINTS:
        raise _misunderstood()
    return json.dumps([[(round(x, 4), round(y, 4)) for x, y in stroke] for stroke in strokes], separators=(",", ":"))


def _thumbnail(url: Any) -> bytes:
    if not isinstance(url, str) or not url.startswith(JPEG) or len(url) > MAX_THUMBNAIL * 4 / 3 + 100:
        raise _misunderstood()
    try:
        content = base64.b64decode(url[len(JPEG) :], validate=True)
    except (binascii.Error, ValueError):
        raise _misunderstood() from None
    if not content.startswith(b"\xff\xd8\xff"):
        raise _misunderstood()
    return content


def _read(row: tuple) -> dict:
    entry = dict(zip(COLUMNS, row, strict=True))
    entry["strokes"] = entry["strokes"] and json.loads(entry["strokes"])
    entry["thumbnail"] = JPEG + base64.b64encode(entry["thumbnail"]).decode()
    return entry


def _misunderstood() -> MnistModelError:
    return MnistModelError("This cannot be kept: it is no answer of this app.")
