"""What is kept for signed-in visitors: each their own, bounded, and gone when deleted."""

import base64
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.helpers import special_args
from starlette.requests import Request

from mnist_model.errors import MnistModelError
from mnist_model.ui.account import account_functions, build_account, local_users, signed_in
from mnist_model.ui.language import say
from mnist_model.ui.store import FILE, JPEG, MAX_ENTRIES, MAX_POINTS, MAX_PREFERENCES, MAX_THUMBNAIL, Store

THUMBNAIL = JPEG + base64.b64encode(b"\xff\xd8\xff, let us say").decode()
MARK = "a sentence that occurs nowhere else"


def entry(name: str, time: int = 1, **changed) -> dict:
    return {
        "id": name,
        "time": time,
        "source": "draw",
        "label": "7",
        "state": "sure",
        "sentence": "This is a 7.",
        "confidence": 0.99,
        "model": "mnist_cnn",
        "page": "digit",
        "strokes": [[[0.1, 0.2], [0.3, 0.4]]],
        "thumbnail": THUMBNAIL,
    } | changed


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "data")


def names(store, owner: str) -> list[str]:
    return [entry["id"] for entry in store.entries(owner)]


def test_entries_come_back_as_they_were_newest_first(store):
    kept = [
        entry("old"),
        entry("new", 2, label="", confidence=None, page=None, strokes=None, sentence='<img src=x> "😀"'),
    ]
    store.keep("ada", kept)
    assert store.entries("ada") == kept[::-1]
    assert Store(store.folder).entries("ada") == kept[::-1]


def test_a_later_answer_to_the_same_drawing_replaces_the_earlier(store):
    store.keep("ada", [entry("one", 1, label="1")])
    store.keep("ada", [entry("one", 2, label="4")])
    assert [kept["label"] for kept in store.entries("ada")] == ["4"]


def test_nobody_reads_replaces_or_deletes_what_is_anothers(store):
    store.keep("ada", [entry("one")])
    store.keep("grace", [entry("one", label="3")])
    store.prefer("ada", {"pen": "thick"})
    store.forget("grace", "one")
    assert names(store, "ada") == ["one"] and names(store, "grace") == []
    store.forget_all("grace")
    assert store.entries("ada") == [entry("one")]
    assert store.preferences("ada") == {"pen": "thick"} and store.preferences("grace") is None


def test_the_oldest_go_first(store):
    store.keep("grace", [entry("hers")])
    store.keep("ada", [entry(str(time), time) for time in range(MAX_ENTRIES)])
    store.keep("ada", [entry("latest", 1000)])
    assert names(store, "ada") == ["latest", *map(str, range(MAX_ENTRIES - 1, 0, -1))]
    assert names(store, "grace") == ["hers"]


@pytest.mark.parametrize("delete", [lambda store: store.forget("ada", "one"), lambda store: store.forget_all("ada")])
def test_what_is_deleted_is_not_left_in_the_files(store, delete):
    store.keep("ada", [entry("one", sentence=MARK)])
    found = [MARK.encode() in path.read_bytes() for path in store.folder.iterdir()]
    assert any(found)
    delete(store)
    assert not any(MARK.encode() in path.read_bytes() for path in store.folder.iterdir())


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "x" * 65},
        {"id": 7},
        {"time": "now"},
        {"time": float("nan")},
        {"time": -1},
        {"time": True},
        {"confidence": 1.1},
        {"sentence": "x" * 1001},
        {"model": None},
        {"strokes": "none"},
        {"strokes": [[[0.5, 0.5]] * (MAX_POINTS + 1)]},
        {"thumbnail": "https://elsewhere.example/x.jpg"},
        {"thumbnail": JPEG + "no base64!"},
        {"thumbnail": JPEG + base64.b64encode(b"<svg>").decode()},
        {"thumbnail": JPEG + base64.b64encode(b"\xff\xd8\xff" + bytes(MAX_THUMBNAIL + 100)).decode()},
    ],
)
def test_what_is_no_entry_is_refused_and_none_of_it_is_kept(store, changed):
    with pytest.raises(MnistModelError):
        store.keep("ada", [entry("good"), entry("bad") | changed])
    assert names(store, "ada") == []


@pytest.mark.parametrize("entries", [None, {}, [None], [entry(str(index)) for index in range(MAX_ENTRIES + 1)]])
def test_what_are_no_entries_is_refused(store, entries):
    with pytest.raises(MnistModelError):
        store.keep("ada", entries)


@pytest.mark.parametrize("chosen", [None, [], {"pen": ["thin"]}, {"pen": "x" * MAX_PREFERENCES}])
def test_what_are_no_preferences_is_refused(store, chosen):
    with pytest.raises(MnistModelError):
        store.prefer("ada", chosen)


def test_many_threads_lose_nothing(store):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.keep(f"user {number % 2}", [entry(str(number))]), range(40)))
    assert sorted(map(int, names(store, "user 0"))) == list(range(0, 40, 2))
    assert sorted(map(int, names(store, "user 1"))) == list(range(1, 40, 2))


# ---- who asks


def request(cookies: str = "", user: dict | None = None, **headers: str) -> Request:
    """A request as Gradio's server functions get it, to an app at which ada has signed in."""
    app = SimpleNamespace(cookie_id="x", tokens={"hers": "ada"})
    raw = [(b"cookie", cookies.encode()), *((name.encode(), value.encode()) for name, value in headers.items())]
    session = {"oauth_info": {"userinfo": user}} if user else {}
    return Request({"type": "http", "headers": raw, "app": app, "session": session})


def call(function, question, asked_by: Request) -> dict:
    """What Gradio's route for server functions does."""
    arguments, *_ = special_args(function, [question], asked_by, None)  # ty: ignore[invalid-argument-type]
    return function(*arguments)


HUB_USER = {"sub": "42", "name": "Ada", "preferred_username": "ada", "profile": "", "picture": ""}


def test_the_user_is_who_the_server_knows():
    profile = gr.OAuthProfile(HUB_USER)
    assert signed_in(request("access-token-unsecure-x=hers"), None) == ("local:ada", "ada")
    assert signed_in(request("access-token-x=hers"), None) == ("local:ada", "ada")
    assert signed_in(request(), profile) == ("hub:42", "ada")
    assert signed_in(request(), None) is None
    assert signed_in(request("access-token-x=guessed; access-token-y=hers"), None) is None
    assert signed_in(request("access-token-x=hers", **{"sec-fetch-site": "cross-site"}), None) is None


def test_a_server_function_learns_who_asks_from_gradio(store):
    who, entries, keep, *_ = account_functions(store)
    ada, hub = request("access-token-x=hers"), request(user=HUB_USER)
    assert call(who, {}, ada) == {"said": "", "found": None, "name": "ada", "kept": True}
    assert call(keep, {"entries": [entry("one")], "user": "grace", "owner": "hub:42"}, ada)["said"] == ""
    assert [kept["id"] for kept in call(entries, {}, ada)["found"]] == ["one"]
    assert call(entries, {"user": "ada", "owner": "local:ada"}, hub) == {"said": "", "found": []}
    nobody = call(entries, {"user": "ada"}, request())
    assert nobody == {"said": say("account.nobody")}
    assert call(who, {}, request())["name"] is None


def test_no_question_is_a_crash(store):
    for question in (None, [], "x", {}, {"entries": [1]}, {"language": ["de"]}):
        for function in account_functions(store):
            assert isinstance(call(function, question, request("access-token-x=hers")), dict)


def test_without_a_folder_nothing_is_kept():
    who, entries, *_ = account_functions(None)
    assert call(who, {}, request("access-token-x=hers"))["kept"] is False
    assert call(entries, {}, request("access-token-x=hers"))["said"]


def full_disk(store):
    store.keep("ada", [entry("one")])
    with sqlite3.connect(store.folder / FILE) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON answers BEGIN SELECT RAISE(ABORT, 'disk is full'); END")


def corrupt(store):
    store.folder.mkdir()
    (store.folder / FILE).write_bytes(b"no database" * 1000)


def no_folder(store):
    store.folder.write_text("a file")


@pytest.mark.parametrize("fail", [full_disk, corrupt, no_folder])
def test_a_broken_store_is_one_sentence(store, fail):
    fail(store)
    keep = account_functions(store)[2]
    answer = call(keep, {"entries": [entry("two")]}, request("access-token-x=hers"))
    assert answer == {"said": say("account.unavailable")}


def test_names_and_passwords(monkeypatch):
    monkeypatch.delenv("AUTH", raising=False)
    assert local_users() is None
    monkeypatch.setenv("AUTH", "ada:one:two, grace:three")
    assert local_users() == [("ada", "one:two"), ("grace", "three")]
    for wrong in ("ada", "ada:", ":x", "ada:x,"):
        monkeypatch.setenv("AUTH", wrong)
        with pytest.raises(MnistModelError):
            local_users()


def test_without_what_gradio_needs_for_it_nobody_is_asked_to_sign_in(monkeypatch):
    monkeypatch.setenv("OAUTH_CLIENT_ID", "x")
    monkeypatch.delenv("AUTH", raising=False)
    monkeypatch.setattr("mnist_model.ui.account.find_spec", lambda name: None)
    with gr.Blocks() as demo:
        build_account()
    assert not demo.expects_oauth
    assert demo.get_config_file()["components"][-1]["props"]["props"]["login"] == ""
