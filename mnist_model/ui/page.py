"""What surrounds the tabs: heading, theme, and the model that answers."""

import json
import logging
import re
from html import escape
from string import Template

import gradio as gr

from mnist_model import DigitRecognizer, MnistModelError
from mnist_model.config import public_name
from mnist_model.ui.account import local_users
from mnist_model.ui.assets import read_asset
from mnist_model.ui.code import offers_mcp
from mnist_model.ui.language import LANGUAGES, in_all_languages, number, phrases, say, sentences

FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif"]
SAID_BY_GRADIO = ("tab.", "upload.examples", "compare.picture")  # the keys, or their beginnings, of its own labels
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
SILENCE = 20  # seconds

logger = logging.getLogger(__name__)


def load_recognizer(model_id: str | None, revision: str | None) -> tuple[DigitRecognizer, str]:
    """The recognizer to serve and, when it is not the one asked for, a sentence that says why.

    Folders of the server are left out of it, and are in the log.
    """
    try:
        return DigitRecognizer.from_pretrained(model_id, revision=revision), ""
    except MnistModelError as error:
        if model_id is None:
            raise
        logger.warning("%s", error)
        return DigitRecognizer.from_pretrained(), re.sub(r"(?<![\w./:])/\S*/", "", str(error))


def limit_waiting() -> None:
    """Wait for the Hub no longer than `SILENCE` at a time: a silent one must not keep the app from starting."""
    from huggingface_hub import set_client_factory
    from huggingface_hub.utils._http import default_client_factory

    def limit(request) -> None:  # huggingface_hub asks for no limit, request by request
        given = {
            kind: seconds for kind, seconds in request.extensions.get("timeout", {}).items() if seconds is not None
        }
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), SILENCE) | given

    def client():
        made = default_client_factory()
        made.event_hooks["request"].append(limit)
        return made

    set_client_factory(client)


def build_heading(recognizer, notice: str) -> None:
    """The heading, in English until heading.js says it in the visitor's language."""
    facts = in_all_languages(_facts, recognizer, notice)
    # By their own names: whoever looks for theirs cannot read the others.
    names = {code: phrases(code)["language.name"] for code in LANGUAGES}
    languages = "".join(f'<option value="{code}" lang="{code}">{name}</option>' for code, name in names.items())
    heading = Template(read_asset("heading.html"))
    gr.HTML(
        heading.substitute(title=say("page.title"), said=facts["en"], languages=languages),
        said=facts,
        js_on_load=read_asset("heading.js"),
        apply_default_css=False,
    )


def _facts(recognizer, notice: str) -> str:
    facts = [say("heading.model", model=f"<b>{escape(public_name(recognizer.model_id))}</b>")]
    if recognizer.revision:
        facts.append(say("heading.revision", revision=f"<b>{escape(recognizer.revision[:12])}</b>"))
    if recognizer.test_accuracy is not None:
        facts.append(say("model.accuracy", share=f"<b>{number(recognizer.test_accuracy, '.2%')}</b>"))
    warning = sentences(escape(notice), say("heading.instead")) if notice else ""
    warning = f'<p class="notice" role="alert">{warning}</p>' if notice else ""
    return f'<p class="facts">{say("list.comma").join(facts)}</p>{warning}'


def launch_options() -> dict:
    """What `demo.launch` must be given for the page to look and behave as designed."""
    theme = gr.themes.Base(primary_hue="teal", neutral_hue="stone", radius_size="lg", font=FONT, font_mono=MONO).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="#131211",
        block_background_fill="white",
        block_background_fill_dark="#1c1b1a",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="#292725",
    )
    return {
        "theme": theme,
        "css": read_asset("page.css"),
        "head": f"<script>{page_script()}</script>",
        "i18n": gr.I18n(**{language: _said_by_gradio(language) for language in LANGUAGES}),
        "max_file_size": "10mb",
        "auth": local_users(),
        "mcp_server": offers_mcp(),
        "footer_links": ["api", "gradio"],  # Gradio's settings know neither this page's theme nor its language
        "ssr_mode": False,
    }


def _said_by_gradio(language: str) -> dict[str, str]:
    return {key: phrase for key, phrase in phrases(language).items() if key.startswith(SAID_BY_GRADIO)}


def page_script() -> str:
    """`page.js`, with what it says in all languages, and `theme.js`."""
    said = json.dumps({language: phrases(language) for language in LANGUAGES}, ensure_ascii=False)
    return read_asset("page.js").replace("$PHRASES", said.replace("</", "<\\/")) + read_asset("theme.js")
