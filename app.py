"""The app, as a Hugging Face Space starts it: python app.py

Environment:
    MODEL_ID         Hub id or folder of the model that answers; unset: the checkpoint that ships with the package
    MODEL_REVISION   branch, tag or commit of that model on the Hub
    MNIST_DATASET    Hub id or folder of the pictures in the Results tab; unset: ylecun/mnist
    DATA_DIR         folder where the history of signed-in visitors is kept, and corrections that visitors agreed to
                     give; unset: nowhere
    FEEDBACK_DATASET private data set on the Hub that corrections are sent to, with HF_TOKEN; unset: none
    AUTH             "name:password,name:password": who may come in, where there is no Hugging Face to sign in with
"""

import os
import signal
import sys

import gradio as gr
from gradio.i18n import I18nData

from mnist_model.feedback import Feedback, open_feedback
from mnist_model.ui.account import build_account
from mnist_model.ui.api import build_api
from mnist_model.ui.camera import build_camera_tab
from mnist_model.ui.code import build_code_tab
from mnist_model.ui.compare import build_compare_tab
from mnist_model.ui.draw import build_draw_tab
from mnist_model.ui.history import build_history_tab
from mnist_model.ui.models import Models
from mnist_model.ui.page import build_heading, launch_options, limit_waiting, load_recognizer
from mnist_model.ui.results import build_results_tab
from mnist_model.ui.upload import build_upload_tab

KEPT = (600, 3600)  # every so many seconds, pictures that were sent so many seconds ago or earlier are deleted


def build_demo(feedback: Feedback | None = None) -> gr.Blocks:
    """The whole app, with the model that the environment names, and the others to choose from.

    Args:
        feedback: where corrections are kept; None to ask for none.
    """
    recognizer, notice = load_recognizer(os.getenv("MODEL_ID") or None, os.getenv("MODEL_REVISION") or None)
    models = Models(recognizer)
    with gr.Blocks(title="Handwritten digits", delete_cache=KEPT) as demo:
        build_heading(recognizer, notice)
        build_account()
        with gr.Tabs(overflow_behavior="wrap"):  # a menu hides some behind a button without a name
            with gr.Tab(I18nData("tab.draw")):
                build_draw_tab(models, feedback)
            with gr.Tab(I18nData("tab.upload"), elem_id="upload-tab"):
                build_upload_tab(models, feedback)
            with gr.Tab(I18nData("tab.camera"), elem_id="camera-tab"):
                build_camera_tab(models, feedback)
            with gr.Tab(I18nData("tab.compare")):
                build_compare_tab(models)
            with gr.Tab(I18nData("tab.results")):
                build_results_tab()
            with gr.Tab(I18nData("tab.history")):
                build_history_tab()
            with gr.Tab(I18nData("tab.code")):
                build_code_tab(recognizer)
        build_api(recognizer)
    return demo


limit_waiting()
feedback = open_feedback()
demo = build_demo(feedback)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # how a Space is stopped
    try:
        demo.launch(**launch_options())
    finally:
        if feedback:
            feedback.flush()
