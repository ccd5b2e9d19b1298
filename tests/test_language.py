"""What the page says: every language says all of it, and the page says nothing else."""

import asyncio
import json
import re
from html.parser import HTMLParser
from string import Formatter

import pytest
from PIL import Image
from strokes import draw_digit

from mnist_model import MnistModelError, recognizer
from mnist_model.recognizer import open_image
from mnist_model.ui import words
from mnist_model.ui.assets import FOLDER
from mnist_model.ui.language import (
    LANGUAGES,
    LOCALES,
    answering,
    in_all_languages,
    known_language,
    number,
    say,
    say_error,
    sentences,
    speaking,
)
from mnist_model.ui.models import ModelFacts
from mnist_model.ui.report import read_report, render_report

OUTSIDE = ("app.py", "mnist_model/recognizer.py")  # of ui/, and with keys
KEY = r"[a-z][\w]*(?:\.\w+)+"


def read_locale(language: str) -> dict[str, str]:
    return json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))


ENGLISH = read_locale("en")


def names_in(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name is not None}


def sources(*kinds: str) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for kind in kinds for path in sorted(FOLDER.glob(f"*.{kind}"))}


# ---- the languages


def test_the_languages():
    assert LANGUAGES == ("ar", "de", "en", "es", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language):
    own = read_locale(language)
    assert sorted(set(ENGLISH) - set(own)) == [], "not translated"
    assert sorted(set(own) - set(ENGLISH)) == [], "not in English"
    assert list(own) == sorted(own)
    assert [key for key in own if not own[key].strip() and ENGLISH[key].strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_mentions_the_same(language):
    own = read_locale(language)
    assert {key: own[key] for key in own if names_in(own[key]) != names_in(ENGLISH.get(key, ""))} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_holds_markup(language):
    assert [key for key, phrase in read_locale(language).items() if re.search(r'[<&"]', phrase)] == []


def test_what_a_browser_asks_for():
    assert [known_language(code) for code in ("de", "DE-at", "zh-TW", "ar-EG", "fr", "../en", "", None, 5)] == [
        *("de", "de", "zh", "ar", "en", "en", "en", "en", "en")
    ]


def test_a_question_is_answered_in_its_language():
    async def elsewhere():
        return await asyncio.to_thread(say, "tab.draw")

    with answering({"language": "de-CH"}):
        assert say("tab.draw") == asyncio.run(elsewhere()) == "Zeichnen"
        with speaking("es"):
            assert say("tab.draw") == "Dibujar"
        assert number(1234.5, ",.1f") == "1.234,5" and number(0.5, ".1%") == "50,0\u00a0%"
    assert say("tab.draw") == "Draw" and number(1234.5, ",.1f") == "1,234.5"
    for junk in (None, [], "de", {}, {"language": ["de"]}):
        with answering(junk):
            assert say("tab.draw") == "Draw"


def test_sentences_follow_each_other():
    assert sentences("One.", "", "Two.") == "One. Two."
    with speaking("zh"):
        assert sentences("一。", "二。") == "一。二。"


def test_the_same_in_every_language():
    answers = {"cnn": "7", "mlp": "7", "knn": "1"}
    said = {language: sentence for language, (_, sentence) in in_all_languages(words.agreement, answers).items()}
    assert said["en"] == "2 of 3 models read a 7; knn reads a 1."
    assert said["de"] == "2 von 3 Modellen lesen eine 7; knn liest eine 1."
    assert len(set(said.values())) == len(LANGUAGES)
    facts = ModelFacts("cnn", "A CNN", 314906, 0.9959)
    assert "99,59\u00a0%" in in_all_languages(words.about_model, facts)["es"]


def test_a_report_in_every_language():
    reports = in_all_languages(render_report, read_report("mnist_cnn"))
    assert len(set(reports.values())) == len(LANGUAGES)
    assert all(len(re.findall("<section>", report)) == 5 for report in reports.values())


def test_errors_of_a_file_are_said_as_in_english(tmp_path, monkeypatch):
    monkeypatch.setattr(recognizer, "MAX_FILE_BYTES", 1 << 20)
    monkeypatch.setattr(recognizer, "MAX_PIXELS", 10**6)
    draw_digit(7).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:200])
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "heavy.png").write_bytes(bytes(2 << 20))
    Image.new("1", (2000, 1000)).save(tmp_path / "large.png")
    Image.new("1", (20_000, 10_000)).save(tmp_path / "vast.png")
    keys = set()
    for name in ("cut", "empty", "text", "heavy", "large", "vast"):
        with pytest.raises(MnistModelError) as error:
            open_image(tmp_path / f"{name}.png")
        keys.add(error.value.key)
        assert say_error(error.value) == str(error.value)
        with speaking("de"):
            assert f"{name}.png" in say_error(error.value) != str(error.value)
    assert keys == {key for key in ENGLISH if key.startswith("file.")} - {"file.none"}
    with speaking("de"):
        assert say_error(MnistModelError("Of the Hub.")) == "Of the Hub."


# ---- the page


class Visible(HTMLParser):
    """The words of a template that a visitor would see or hear."""

    def __init__(self, html: str):
        super().__init__()
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.words += [value for name, value in attrs if name in ("aria-label", "alt", "title", "placeholder")]

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("name", sources("html"))
def test_templates_hold_no_words(name):
    words = [
        re.sub(r"\$\w+|\$\{[^}]*\}|@children", "", word or "").strip() for word in Visible(sources("html")[name]).words
    ]
    assert [word for word in words if re.search(r"[^\W\d_]{2}", word)] == [], "give it a key: data-say, data-say-label"


@pytest.mark.parametrize("name", sources("js"))
def test_scripts_hold_no_sentences(name):
    code = re.sub(r"(?<![:\w])//[^\n]*", "", sources("js")[name])
    said = r"(?:textContent|innerText|title|alt|placeholder|ariaLabel) = "
    named = r"""setAttribute\("(?:aria-label|aria-valuetext|title|alt|placeholder)", """
    assert re.findall(rf"(?:{said}|{named})[\"'`][^\"'`$]*[A-Za-z]{{2}}[^\"'`]*", code) == [], "use app.say"
    assert re.findall(r"[\"'`][A-Z][a-z]+ [a-z]+[^\"'`]*", code) == [], "use app.say"


def test_every_key_is_known_and_used():
    code = sources("html", "js", "py")
    code |= {path: (FOLDER.parent.parent / path).read_text(encoding="utf-8") for path in OUTSIDE}
    text = "\n".join(code.values())
    asked = set(re.findall(rf"data-say(?:-\w+)?=[\"']({KEY})[\"']", text)) | set(
        re.findall(rf"\bsay\([\"']({KEY})", text)
    )
    assert sorted(asked - set(ENGLISH)) == [], "not in en.json"
    starts = set(re.findall(r"[\"'`]([a-z]\w*\.(?:\w+\.)*(?:\w*_)?)\$?\{", text))
    literal = set(re.findall(rf"[\"'`]({KEY})[\"'`]", text))
    unused = [key for key in ENGLISH if key not in literal and not key.startswith(tuple(starts))]
    assert unused == [], "nobody says it"
