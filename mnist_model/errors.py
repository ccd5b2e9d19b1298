"""The one exception that speaks to the user."""

from typing import Any


class MnistModelError(Exception):
    """Something the user can put right.

    Its message is one sentence that says what is wrong and what to do. Commands print it and exit with code 2; the app
    shows it and goes on working.

    Args:
        message: the sentence, in English.
        key: by which the app has the same sentence in other languages.
        values: what it mentions, by name.

    >>> MnistModelError("seven.png is empty.", "file.empty", name="seven.png").values
    {'name': 'seven.png'}
    """

    def __init__(self, message: str, key: str = "", **values: Any):
        super().__init__(message)
        self.key, self.values = key, values
