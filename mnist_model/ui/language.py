"""What the page says, by key: `locales/en.json` has every sentence, the other languages beside it what is translated.

Keys begin with the part of the page that they stand on: "draw.hint", "refusal.small". In the browser `app.say` of
`page.js` does the same as `say`.
"""

import json
from functools import cache
from typing import Any

from mnist_model.ui.assets import FOLDER

LOCALES = FOLDER / "locales"
LANGUAGES = tuple(sorted(path.stem for path in LOCALES.glob("*.json")))  # codes of ISO 639-1


@cache
def phrases(language: str) -> dict[str, str]:
    """All that is said, by key; in English what is not translated.

    Args:
        language: one of `LANGUAGES`.
    """
    english, own = (json.loads((LOCALES / f"{code}.json").read_text(encoding="utf-8")) for code in ("en", language))
    return english | own


def say(key: str, language: str = "en", **values: Any) -> str:
    """A sentence in a language, `values` in the place of its {names}.

    >>> say("tab.draw")
    'Draw'
    """
    return phrases(language)[key].format(**values)


def known_language(code: object) -> str:
    """The language to answer in, of the BCP 47 tag that a browser sends: English where it is none of `LANGUAGES`.

    >>> known_language("en-GB"), known_language("tlh"), known_language(None)
    ('en', 'en', 'en')
    """
    language = str(code).split("-")[0].lower()
    return language if language in LANGUAGES else "en"
