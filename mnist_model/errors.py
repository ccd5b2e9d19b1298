"""The one exception that speaks to the user."""


class MnistModelError(Exception):
    """Something the user can put right.

    Its message is one sentence that says what is wrong and what to do. Commands print it and exit with code 2; the app
    shows it and goes on working.
    """
