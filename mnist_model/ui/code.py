"""The Code tab: how to ask this app, or its model, from a program. The samples run as they are printed.

In them $APP stands for the address that the visitor sees the app at, and $ENDPOINT for "predict" or "read".
"""

import json
import os
from importlib.util import find_spec

import gradio as gr

from mnist_model.recognizer import DigitRecognizer
from mnist_model.ui.assets import read_asset

CURL = """\
app=$APP
path=$(curl -s -F "files=@digit.png" $app/gradio_api/upload | cut -d '"' -f 2)
event=$(curl -s $app/gradio_api/call/$ENDPOINT -H "Content-Type: application/json" \\
  -d '{"data": [{"path": "'"$path"'", "meta": {"_type": "gradio.FileData"}}]}' | cut -d '"' -f 4)
curl -sN $app/gradio_api/call/$ENDPOINT/$event
"""

PYTHON = """\
from gradio_client import Client, handle_file

client = Client("$APP")
print(client.predict(handle_file("digit.png"), api_name="/$ENDPOINT"))
"""

JAVASCRIPT = """\
const app = "$APP/gradio_api";

// picture: the File of an <input type="file">, or in Node: await fs.openAsBlob("digit.png")
async function $ENDPOINT(picture) {
  const form = new FormData();
  form.append("files", picture, "digit.png");
  const upload = await fetch(`${app}/upload`, { method: "POST", body: form });
  const [path] = await upload.json();
  const data = [{ path, meta: { _type: "gradio.FileData" } }];
  const call = await fetch(`${app}/call/$ENDPOINT`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ data }),
  });
  const { event_id } = await call.json();
  const events = await (await fetch(`${app}/call/$ENDPOINT/${event_id}`)).text();
  const [, event, answer] = events.match(/event: (complete|error)\\ndata: (.*)/);
  if (event === "error") throw new Error(JSON.parse(answer).error);
  return JSON.parse(answer)[0];
}
"""

PACKAGE = {
    "predict": """\
from mnist_model import DigitRecognizer

prediction = DigitRecognizer.from_pretrained($MODEL).predict("digit.png")
print(prediction.label, prediction.confidence, prediction.top(3))
""",
    "read": """\
from mnist_model import DigitRecognizer

reading = DigitRecognizer.from_pretrained($MODEL).read("digit.png")
print(reading.text, [digit.box for digit in reading.digits])
""",
}

MCP = json.dumps({"mcpServers": {"handwritten-digits": {"url": "$APP/gradio_api/mcp/"}}}, indent=2) + "\n"


def build_code_tab(recognizer: DigitRecognizer) -> None:
    gr.HTML(
        samples=samples(recognizer),
        html_template=read_asset("code.html"),
        css_template=read_asset("code.css"),
        js_on_load=read_asset("code.js"),
        apply_default_css=False,
        elem_id="code",
    )


def samples(recognizer: DigitRecognizer) -> dict[str, dict[str, str]]:
    """The samples by endpoint, and by the key of their heading in `locales`."""
    model = repr(recognizer.model_id) if recognizer.revision else ""  # a folder of the server is nobody else's
    tools = {"mcp": MCP} if offers_mcp() else {}
    return {
        endpoint: {
            name: text.replace("$ENDPOINT", endpoint)
            for name, text in (
                {"curl": CURL, "python": PYTHON, "javascript": JAVASCRIPT, "package": own.replace("$MODEL", model)}
                | tools
            ).items()
        }
        for endpoint, own in PACKAGE.items()
    }


def offers_mcp() -> bool:
    """Whether the app is an MCP server too: where `mcp` is installed, unless GRADIO_MCP_SERVER says otherwise."""
    return find_spec("mcp") is not None and os.getenv("GRADIO_MCP_SERVER", "True").lower() == "true"
