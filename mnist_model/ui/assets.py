"""Reads the HTML, CSS and JavaScript that lie beside this file."""

from pathlib import Path

FOLDER = Path(__file__).parent
EXAMPLES = sorted((FOLDER / "examples").glob("*.png"))


def read_asset(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
