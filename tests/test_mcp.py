"""The app as an MCP server, asked by a client as an assistant has it."""

import asyncio
from ast import literal_eval
from base64 import b64encode
from io import BytesIO

import pytest
from strokes import DIGITS, draw_strokes

mcp = pytest.importorskip("mcp", reason="`pip install -r requirements.txt` installs it")
from mcp.client.streamable_http import streamable_http_client  # noqa: E402


def converse(url: str, *requests: tuple[str, dict]) -> tuple[dict, list]:
    """The tools of the server by name, and what the requests (tool, arguments) gave."""

    async def talk():
        async with (
            streamable_http_client(f"{url}/gradio_api/mcp/") as (read, write, _),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            return tools, [await session.call_tool(name, arguments) for name, arguments in requests]

    return asyncio.run(asyncio.wait_for(talk(), 60))


def data_url(digit: str) -> str:
    buffer = BytesIO()
    draw_strokes(DIGITS[digit]).save(buffer, "PNG")
    return f"data:image/png;base64,{b64encode(buffer.getvalue()).decode()}"


def test_an_assistant_finds_the_tools_and_reads_a_digit(url):
    tools, (digit, number) = converse(url, ("predict", {"image": data_url("7")}), ("read", {"image": data_url("3")}))
    assert set(tools) == {"predict", "read"}
    for tool in tools.values():
        assert "picture" in tool.description
        assert tool.inputSchema["properties"]["image"]["type"] == "string"
        assert tool.inputSchema["required"] == ["image"]
    assert not digit.isError and literal_eval(digit.content[0].text)["label"] == "7"
    assert not number.isError and literal_eval(number.content[0].text)["text"] == "3"


def test_a_tool_reads_no_file_of_the_server_and_asks_no_host_within_reach(url, tmp_path):
    path = str(tmp_path / "seven.png")
    draw_strokes(DIGITS["7"]).save(path)
    marked = {"path": path, "meta": {"_type": "gradio.FileData"}}
    images = [path, f"file://{path}", marked, f"{url}/gradio_api/file={path}", "http://169.254.169.254/seven.png"]
    _, answers = converse(url, *(("predict", {"image": image}) for image in images))
    assert all(answer.isError for answer in answers), answers


def test_what_is_no_picture_gets_one_sentence(url):
    _, (answer,) = converse(url, ("read", {"image": "data:image/png;base64,bm90aGluZw=="}))
    assert answer.isError and "is no picture" in answer.content[0].text and "\n" not in answer.content[0].text
