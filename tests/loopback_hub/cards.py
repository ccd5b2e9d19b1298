"""The metadata at the top of a README.md, and what the Hub accepts there."""

import re

import yaml

_BLOCK = re.compile(r"^\s*---[\r\n]+([\S\s]*?)[\r\n]+---(?:\r\n|\n|$)")
_COLORS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
_SPACE_FIELDS = {
    "sdk": ("gradio", "streamlit", "docker", "static"),
    "colorFrom": _COLORS,
    "colorTo": _COLORS,
}
_MISSING = "empty or missing yaml metadata in repo card"


def metadata(readme: str) -> dict:
    """The card's metadata; {} where there is none or it cannot be read."""
    block = _BLOCK.match(readme)
    try:
        content = yaml.safe_load(block[1]) if block else None
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, dict) else {}


def problems(readme: str, repo_type: str) -> tuple[list[str], list[str]]:
    """What the Hub has against a card.

    The rules are those that a Space's card breaks most often; the Hub's lists of licenses, tasks and the like are
    not among them.

    Args:
        readme: the text of the card.
        repo_type: model, dataset or space.
    Returns:
        The errors, for which the Hub refuses the card, and the warnings.
    """
    block = _BLOCK.match(readme)
    if not block:
        return [], [_MISSING]
    try:
        content = yaml.safe_load(block[1])
    except yaml.YAMLError as error:
        return [f"Invalid YAML in README.md: {error}"], []
    if isinstance(content, list):
        return ['"value" must be of type object'], []
    if not isinstance(content, dict):
        return ["The YAML metadata of your README.md is invalid."], []
    return (_space_errors(content) if repo_type == "space" else []), []


def _space_errors(content: dict) -> list[str]:
    errors = [
        f'"{name}" must be one of [{", ".join(allowed)}]'
        for name, allowed in _SPACE_FIELDS.items()
        if name in content and content[name] not in allowed
    ]
    if len(str(content.get("short_description", ""))) > 60:
        errors.append('"short_description" length must be less than or equal to 60 characters long')
    return errors


def tags(card: dict) -> list[str]:
    """The tags that the Hub makes of a card: its own, and one for each of some fields."""
    found = [str(tag) for tag in card.get("tags") or []]
    for name, prefix in (("datasets", "dataset:"), ("language", ""), ("license", "license:")):
        values = card.get(name) or []
        found += [f"{prefix}{value}" for value in (values if isinstance(values, list) else [values])]
    return [*found, "region:us"]
