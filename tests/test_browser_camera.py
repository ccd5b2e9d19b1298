"""The Camera tab in Chromium, whose camera plays a video of numbers on paper."""

import base64
import json
import re
from io import BytesIO

import numpy as np
import pytest
import test_browser
from fake_camera import chromium_flags, draw_numbers, film, write_video
from PIL import Image
from serving import open_chromium

from mnist_model.ui.assets import read_asset

context, visit = test_browser.context, test_browser.visit  # fixtures
expect, expect_number = test_browser.expect, test_browser.expect_number

REMEMBER_TRACKS = """() => {
  window.tracks = [];
  window.wanted = [];
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    window.wanted.push(wanted);
    const stream = await ask(wanted);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}"""
TRACKS = "window.tracks.map(({ readyState }) => readyState)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    frames = film(draw_numbers(["407"], (640, 480)), frames=15, tremor=4)
    video = write_video(tmp_path_factory.mktemp("video") / "numbers.y4m", frames)
    with open_chromium(*chromium_flags(video)) as browser:
        yield browser


@pytest.fixture
def camera(visit):
    """A page with the Camera tab open, of which the camera may be used; `page.evaluate(TRACKS)` tells of its tracks."""
    page = visit(permissions=["camera"])
    open_camera(page)
    page.evaluate(REMEMBER_TRACKS)
    return page


def open_camera(page) -> None:
    page.get_by_role("tab", name="Camera").click()
    expect(button(page, "Start the camera")).to_be_visible()


def button(page, name: str):
    return page.locator("#camera").get_by_role("button", name=name, exact=True)


def start(page) -> None:
    button(page, "Start the camera").click()
    expect_number(page, "407", "#camera")


def expect_message(page, words: str) -> None:
    expect(page.locator("#camera .message")).to_have_text(re.compile(words))


def test_digits_on_paper_are_read_and_boxed_until_the_tab_is_left(camera):
    assert not camera.evaluate(TRACKS)  # not before it is asked for
    start(camera)
    expect(camera.locator("#camera .sentence")).to_have_text("This reads 407.")
    boxes = camera.locator("#camera .boxes .box")
    expect(boxes).to_have_count(3)
    expect(camera.locator("#camera .rate")).to_have_text(re.compile(r"^\d+(\.\d)? frames a second$"))
    places = boxes.evaluate_all("""boxes => {
      const screen = document.querySelector("#camera .screen").getBoundingClientRect();
      return boxes.map(box => (box.getBoundingClientRect().left - screen.left) / screen.width);
    }""")
    assert (
        places == sorted(places) and 0.05 < places[0] < 0.3 and 0.55 < places[2] < 0.8
    )  # as on the paper, not mirrored
    camera.evaluate("document.querySelector('#camera video').pause()")  # what is still need not be read again
    camera.wait_for_timeout(800)
    asked = []
    camera.on("request", lambda request: asked.append(request.url))
    camera.wait_for_timeout(500)
    assert not asked
    assert camera.evaluate(TRACKS) == ["live"]
    camera.get_by_role("tab", name="Draw").click()
    camera.wait_for_function(f"{TRACKS}.join() === 'ended'")
    camera.get_by_role("tab", name="Camera").click()
    expect_message(camera, "switched off")
    start(camera)
    assert camera.evaluate(TRACKS) == ["ended", "live"]
    button(camera, "Stop").click()
    assert camera.evaluate(TRACKS) == ["ended", "ended"]
    expect(boxes).to_have_count(0)


def test_freeze_and_keep(camera):
    camera.evaluate("document.addEventListener('answered', ({ detail }) => { window.kept = detail; })")
    start(camera)
    with camera.expect_request(lambda request: '"settled":true' in (request.post_data or "")):
        button(camera, "Freeze").click()
    expect(camera.locator("#camera .steps")).to_be_visible()  # the full answer is there
    expect(camera.locator("#camera .why")).to_be_visible()
    fit = camera.locator("#camera .colours").evaluate("overlay => getComputedStyle(overlay).objectFit")
    assert fit == "fill"  # the colours lie on the ink
    expect_number(camera, "407", "#camera")
    asked = []
    camera.on("request", lambda request: asked.append(request.url))
    camera.locator("#camera .boxes .box").nth(2).click()
    expect(camera.locator("#camera .which")).to_have_text("Digit 3 of 3")
    expect(camera.locator("#camera .top li").first).to_contain_text("7")
    with camera.expect_download() as download:
        button(camera, "Keep").click()
    assert download.value.suggested_filename == "digits-407.jpg"
    expect_message(camera, "Kept")
    picture = np.asarray(Image.open(download.value.path()).convert("RGB"), int)
    assert picture.shape == (480, 640, 3)
    teal = (abs(picture - (15, 118, 110)) < 40).all(axis=2)
    assert 1500 < teal.sum() < 30_000  # the boxes
    kept = camera.evaluate("window.kept")
    assert (kept["source"], kept["model"], kept["strokes"]) == ("camera", "mnist_cnn", None) and kept["id"]
    assert kept["answer"]["sentence"] == "This reads 407."
    thumbnail = Image.open(BytesIO(base64.b64decode(kept["picture"].partition(",")[2])))
    assert thumbnail.height <= 280 and thumbnail.format == "JPEG"
    assert not [address for address in asked if "component_server" in address]
    assert camera.evaluate(TRACKS) == ["live"]
    button(camera, "Continue").click()
    expect(camera.locator("#camera .rate")).to_contain_text("frames a second")


def test_another_camera_can_be_chosen(camera):
    camera.evaluate("""() => {
      const name = (label, index) => ({ kind: "videoinput", deviceId: `id-${index}`, label });
      const ear = { kind: "audioinput", deviceId: "ear", label: "Ear" };
      navigator.mediaDevices.enumerateDevices = async () => [ear, ...["Front", "<b>Back</b>"].map(name)];
    }""")
    start(camera)
    choice = camera.locator("#camera").get_by_role("combobox", name="Camera")
    expect(choice.locator("option")).to_have_text(["Front", "<b>Back</b>"])
    choice.select_option(index=1)
    camera.wait_for_function(f"{TRACKS}.join() === 'ended,live'")
    expect_number(camera, "407", "#camera")
    rear, chosen = camera.evaluate("window.wanted.map(({ video }) => video)")
    assert (rear["facingMode"], chosen["deviceId"]) == ({"ideal": "environment"}, {"ideal": "id-1"})
    assert camera.evaluate("app.preference('camera')") == "id-1"


def test_no_camera_without_permission(visit):
    page = visit()
    open_camera(page)
    button(page, "Start the camera").click()
    expect_message(page, "was refused")
    expect(button(page, "Start the camera")).to_be_visible()
    for fault, words in {"NotFoundError": "No camera", "NotReadableError": "another program"}.items():
        page.evaluate(
            "fault => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', fault); }; }",
            fault,
        )
        button(page, "Start the camera").click()
        expect_message(page, words)
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")  # as on an insecure page
    button(page, "Start the camera").click()
    expect_message(page, "https")


def test_a_camera_that_is_given_too_late_is_let_go(camera):
    camera.evaluate("""() => {
      const ask = navigator.mediaDevices.getUserMedia;
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        await new Promise((given) => { window.give = given; });
        return ask(wanted);
      };
    }""")
    button(camera, "Start the camera").click()
    expect_message(camera, "Allow it")
    camera.get_by_role("tab", name="Draw").click()
    expect(camera.locator("#draw .paper > canvas")).to_be_visible()
    camera.wait_for_timeout(100)
    camera.evaluate("window.give()")
    camera.wait_for_function(f"{TRACKS}.join() === 'ended'")


def test_an_app_that_does_not_answer_is_asked_again(camera):
    start(camera)
    camera.route("**/component_server**", lambda route: route.abort())
    expect_message(camera, "does not answer")
    camera.unroute("**/component_server**")
    expect(camera.locator("#camera .message")).to_have_text("")
    camera.evaluate("tracks[0].dispatchEvent(new Event('ended'))")  # as when it is unplugged
    expect_message(camera, "is gone")


def test_one_odd_frame_changes_nothing(visit):
    def answer(number: str, shift: int = 0) -> dict:
        details = [
            {
                "label": label,
                "box": [20 * index + shift, 10, 10, 30],
                "state": "sure",
                "confidence": "97%",
                "spaced": False,
            }
            for index, label in enumerate(number)
        ]
        return {"state": "sure", "sentence": f"This reads {number}.", "details": details, "read": len(number)}

    def shown(*numbers: str) -> dict:
        return page.evaluate(f"{script}; steadyAnswer({json.dumps([answer(one) for one in numbers])}, 'Hold still.')")

    page, script = visit(), read_asset("steady.js")
    assert shown("407", "407", "12")["answer"]["sentence"] == "This reads 407."
    assert shown("12", "407", "407") == {"answer": answer("407"), "steady": False}
    assert shown("407", "12", "407")["steady"]
    assert shown("", "407", "407")["answer"]["sentence"] == "This reads 407."
    first = shown("407")
    assert not first["steady"] and first["answer"]["sentence"] == "Hold still." and first["answer"]["state"] == "unsure"
    doubtful = shown("407", "401", "12")["answer"]
    assert [detail["state"] for detail in doubtful["details"]] == ["sure", "sure", "unsure"]
    assert doubtful["details"][2]["confidence"] == "?"
