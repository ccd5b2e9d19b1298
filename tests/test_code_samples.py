"""The samples of the Code tab run as they are printed, against an app that is served."""

import ast
import json
import shutil
import subprocess
import sys
from urllib.request import urlopen

import pytest
from serving import ROOT
from strokes import DIGITS, draw_strokes

from mnist_model.ui import code


@pytest.fixture(scope="module")
def samples(url):
    """Those of the page that the app serves, with its address as code.js puts it in."""
    with urlopen(f"{url}/config") as response:
        components = json.load(response)["components"]
    (tab,) = [part["props"] for part in components if part["props"].get("elem_id") == "code"]
    return json.loads(json.dumps(tab["props"]["samples"]).replace("$APP", url))


@pytest.fixture
def folder(tmp_path):
    draw_strokes(DIGITS["7"]).save(tmp_path / "digit.png")
    return tmp_path


def run(folder, *command: str) -> str:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/local/bin:/usr/bin:/bin", "HF_HUB_OFFLINE": "1"}
    finished = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def is_seven(answer: dict) -> bool:
    return (answer.get("label") or answer.get("text")) == "7"


@pytest.mark.parametrize("endpoint", ["predict", "read"])
def test_curl(samples, folder, endpoint):
    event, answer = run(folder, "bash", "-c", samples[endpoint]["curl"]).split("\n")[:2]
    assert event == "event: complete" and is_seven(json.loads(answer.removeprefix("data: "))[0])


@pytest.mark.parametrize("endpoint", ["predict", "read"])
def test_python(samples, folder, endpoint):
    output = run(folder, sys.executable, "-c", samples[endpoint]["python"])
    assert is_seven(ast.literal_eval(output[output.index("{") :]))


@pytest.mark.parametrize("endpoint", ["predict", "read"])
def test_the_package(samples, folder, endpoint):
    assert run(folder, sys.executable, "-c", samples[endpoint]["package"]).startswith("7 ")


@pytest.mark.skipif(shutil.which("node") is None, reason="test_browser_code.py runs it in the browser")
@pytest.mark.parametrize("endpoint", ["predict", "read"])
def test_javascript_in_node(samples, folder, endpoint):
    ask = (
        f'require("fs").openAsBlob("digit.png").then({endpoint}).then((answer) => console.log(JSON.stringify(answer)))'
    )
    answer = run(folder, shutil.which("node"), "--no-warnings", "-e", samples[endpoint]["javascript"] + ask)
    assert is_seven(json.loads(answer))


def test_a_model_of_the_hub_is_named_and_a_folder_of_the_server_is_not(recognizer, monkeypatch):
    monkeypatch.setattr(recognizer, "model_id", "/srv/models/mine")
    assert "/srv" not in json.dumps(code.samples(recognizer))
    monkeypatch.setattr(recognizer, "model_id", "you/mnist-cnn")
    monkeypatch.setattr(recognizer, "revision", "0" * 40)
    assert "from_pretrained('you/mnist-cnn')" in code.samples(recognizer)["read"]["package"]


def test_the_mcp_server_is_shown_where_it_is_offered(recognizer, monkeypatch):
    monkeypatch.setattr(code, "find_spec", lambda name: name)
    assert "mcp" in code.samples(recognizer)["read"]
    monkeypatch.setenv("GRADIO_MCP_SERVER", "False")
    assert "mcp" not in code.samples(recognizer)["read"]
    monkeypatch.setattr(code, "find_spec", lambda name: None)
    monkeypatch.delenv("GRADIO_MCP_SERVER")
    assert "mcp" not in code.samples(recognizer)["read"]
