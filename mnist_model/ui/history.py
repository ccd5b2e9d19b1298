"""The History tab: what was drawn, uploaded or photographed, and what was answered. account.js keeps it."""

import gradio as gr

from mnist_model.ui.assets import read_asset
from mnist_model.ui.store import MAX_ENTRIES


def build_history_tab() -> None:
    gr.HTML(
        html_template=read_asset("history.html"),
        css_template=read_asset("history.css"),
        js_on_load=read_asset("history.js"),
        most=MAX_ENTRIES,
        apply_default_css=False,
        elem_id="history",
    )
