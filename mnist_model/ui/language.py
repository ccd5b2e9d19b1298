"""What the page says, by key: `locales/en.json` has every sentence, the other languages beside it what is translated.

Keys begin with the part of the page that they stand on: "draw.hint", "refusal.small". In the browser `app.say` and
`app.number` of `page.js` do the same as `say` and `number`.

Names of models, their descriptions and what is wrong with a model or a data set of whoever runs the app stay English,
as do the endpoints of `api.py`.
"""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from mnist_model.errors import MnistModelError
from mnist_model.ui.assets import FOLDER

LOCALES = FOLDER / "locales"
LANGUAGES = tuple(sorted(path.stem for path in LOCALES.glob("*.json")))  # codes of ISO 639-1
DECIMAL_COMMA = ("de", "es")

_spoken = ContextVar("spoken", default="en")


@cache
def phrases(language: str) -> dict[str, str]:
    """All that is said, by key; in English what is not translated.

    Args:
        language: one of `LANGUAGES`.
    """
    english, own = (json.loads((LOCALES / f"{code}.json").read_text(encoding="utf-8")) for code in ("en", language))
    return english | own


@contextmanager
def speaking(code: object) -> Generator[None]:
    """Within, sentences and numbers are in a language, here and in the threads that `asyncio.to_thread` starts.

    Args:
        code: as for `known_language`.

    >>> with speaking("de-AT"):
    ...     say("tab.draw"), number(0.9931, ".1%")
    ('Zeichnen', '99,3\\xa0%')
    """
    token = _spoken.set(known_language(code))
    try:
        yield
    finally:
        _spoken.reset(token)


def answering(question: object):
    """`speaking` the language of a question that the browser sent: {"language": "de", ...}."""
    return speaking(question.get("language") if isinstance(question, dict) else None)


def say(key: str, **values: Any) -> str:
    """A sentence in the language of `speaking`, English elsewhere, with `values` in the place of its {names}.

    >>> say("tab.draw")
    'Draw'
    """
    return phrases(_spoken.get())[key].format(**values)


def say_error(error: MnistModelError) -> str:
    """What an error says; it stays English where it has no key."""
    return say(error.key, **error.values) if error.key else say("sentence.english", text=error)


def number(value: float, form: str = ",") -> str:
    """A number by a format of Python's, with the marks that the language sets in it.

    >>> number(1234), number(0.25, ".0%")
    ('1,234', '25%')
    """
    text = format(value, form)
    if _spoken.get() in DECIMAL_COMMA:
        text = text.translate(str.maketrans({",": ".", ".": ",", "%": "\u00a0%"}))
    return text


def sentences(*parts: str) -> str:
    """Those that are not empty, one after the other."""
    return say("sentence.space").join(filter(None, parts))


def in_all_languages(write: Callable[..., Any], *values: Any) -> dict[str, Any]:
    """What `write` makes of the values in each language, for what is on the page before it asks anything."""
    said = {}
    for language in LANGUAGES:
        with speaking(language):
            said[language] = write(*values)
    return said


def known_language(code: object) -> str:
    """The language to answer in, of the BCP 47 tag that a browser sends: English where it is none of `LANGUAGES`.

    >>> known_language("en-GB"), known_language("tlh"), known_language(None)
    ('en', 'en', 'en')
    """
    language = str(code).split("-")[0].lower()
    return language if language in LANGUAGES else "en"
