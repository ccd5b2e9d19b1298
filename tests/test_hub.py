"""Push and pull, over a socket, to a Hub on this machine."""

import re
import shutil
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from mnist_model import DigitRecognizer, MnistModelError
from mnist_model.config import bundled_checkpoint
from mnist_model.hub import CHECKPOINT_FILES, CODE_FILES, download_checkpoint, push_checkpoint
from mnist_model.rejection import REJECTION_FILE

ID = "you/mnist-cnn"


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    """A copy of the bundled checkpoint, with what must never be pushed beside it."""
    folder = tmp_path / "runs" / "checkpoint"
    shutil.copytree(bundled_checkpoint(), folder)
    (folder / "optimizer.bin").write_bytes(b"\x80\x04pickle")
    (folder / "notes.txt").write_text("private")
    return folder


def test_what_is_pushed(hub, checkpoint):
    pushed = push_checkpoint(checkpoint, ID)
    commits, files = hub.commits(ID), hub.files(ID)
    assert len(commits) == 2 and commits[0].id == pushed.commit  # the first is the Hub's own
    assert pushed.url == f"{hub.url}/{ID}" and pushed.commit in pushed.summary() and pushed.url in pushed.summary()
    plots = {path.name for path in checkpoint.glob("*.png")}
    sent = {*CHECKPOINT_FILES, REJECTION_FILE, *CODE_FILES}
    assert plots and files.keys() == {*sent, "README.md", ".gitattributes"} | plots
    for name in sent:
        assert files[name] == (checkpoint / name).read_bytes()
    assert ModelCard(files["README.md"].decode()).data.pipeline_tag == "image-classification"


def test_no_pickle_token_or_local_path(hub, checkpoint):
    push_checkpoint(checkpoint, ID)
    for name, content in hub.files(ID).items():
        assert not name.endswith((".bin", ".pt", ".pth", ".pkl", ".ckpt")), name
        assert not content.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"PK\x03\x04")), name
        assert hub.secret_token.encode() not in content, name
        for path in (str(checkpoint.parent), str(Path.home()), str(Path(__file__).parent.parent)):
            assert path.encode() not in content, (name, path)
        text = content.decode("utf-8", "ignore")
        assert not re.search(r"hf_[A-Za-z]{20}|(?<![\w.])/(home|root|tmp|Users)/\w", text), name
        assert not re.search(r'"(exp_avg|optimizer_state|output_dir)"', text), name


def test_again_sends_nothing(hub, checkpoint):
    first = push_checkpoint(checkpoint, ID)
    before = len(hub.requests)
    again = push_checkpoint(checkpoint, ID)
    assert again.commit == first.commit and again.changed == 0 and len(hub.commits(ID)) == 2
    assert not [request for request in hub.requests[before:] if request.method == "PUT" or "/commit/" in request.path]


def test_only_what_changed_is_sent(hub, checkpoint):
    push_checkpoint(checkpoint, ID)
    before = len(hub.requests)
    (checkpoint / "reliability.png").unlink()
    (checkpoint / "preprocessing.py").write_text("# changed\n")
    pushed = push_checkpoint(checkpoint, ID)
    assert pushed.changed == 3 and len(hub.commits(ID)) == 3  # the card shows the plot no more
    assert "reliability.png" not in hub.files(ID) and hub.files(ID)["preprocessing.py"] == b"# changed\n"
    assert not [request for request in hub.requests[before:] if request.method == "PUT"]


def test_a_card_of_ones_own_is_taken(hub, checkpoint):
    (checkpoint / "README.md").write_text("---\nlicense: mit\n---\nMine.\n")
    push_checkpoint(checkpoint, ID)
    assert hub.files(ID)["README.md"] == b"---\nlicense: mit\n---\nMine.\n"


def test_private_branch_and_tag(hub, checkpoint):
    pushed = push_checkpoint(checkpoint, ID, private=True, revision="trial", tag="v1")
    repo = hub.repo(ID)
    assert repo.private and hub.files(ID).keys() == {".gitattributes"}
    assert hub.files(ID, "trial").keys() == hub.files(ID, "v1").keys() > {"config.json"}
    assert push_checkpoint(checkpoint, ID, revision="trial", tag="v1") == pushed.__class__(
        pushed.repo_id, pushed.url, pushed.commit, 0
    )
    (checkpoint / "preprocessing.py").write_text("# changed\n")
    with pytest.raises(MnistModelError, match="tag 'v1' on other files: choose another"):
        push_checkpoint(checkpoint, ID, revision="trial", tag="v1")
    assert repo.resolve("trial").id == pushed.commit


# Few cases: the client waits and tries five times before it gives up on an upload.
@pytest.mark.parametrize(
    "method, path, after",
    [("POST", "/commit/", 0), ("POST", "/commit/", 1), ("POST", "/commit/", 20_000), ("PUT", "", 20_000)],
)
def test_interrupted_it_changes_nothing_and_again_finishes(hub, checkpoint, method, path, after):
    push_checkpoint(checkpoint, ID)
    (checkpoint / "model.safetensors").write_bytes(b"0" * 100_000)
    (checkpoint / "preprocessing.py").write_text("# changed\n" * 20_000)
    commits, files = hub.commits(ID), hub.files(ID)
    hub.fault(method, path, drop_received=after, times=None)
    try:
        push_checkpoint(checkpoint, ID)
    except MnistModelError as error:
        assert "cannot be reached" in str(error) and f"push {checkpoint} {ID}" in str(error)
        assert hub.commits(ID) == commits and hub.files(ID) == files
    hub.faults.clear()
    assert push_checkpoint(checkpoint, ID).commit == hub.commits(ID)[0].id
    assert len(hub.commits(ID)) == 3 and hub.files(ID)["preprocessing.py"].startswith(b"# changed")


@pytest.mark.parametrize(
    "fault, sentence",
    [
        ({"status": 400}, "refuses this .HTTP 400."),
        ({"status": 401}, "does not accept the token"),
        ({"status": 402}, "quota on the Hub is used up"),
        ({"status": 403}, "may not write to you/mnist-cnn"),
        ({"status": 413}, "too large for the account's quota"),
        ({"status": 500}, "fault of its own .HTTP 500."),
        ({"drop_sent": 0}, "cannot be reached"),
    ],
)
def test_faults_get_a_sentence_and_the_command_to_push_later(hub, checkpoint, fault, sentence):
    hub.fault("POST", "/commit/", times=None, **fault)
    with pytest.raises(MnistModelError, match=sentence) as caught:
        push_checkpoint(checkpoint, ID, private=True, tag="v1")
    assert f"python -m mnist_model push {checkpoint} {ID} --private --tag=v1" in str(caught.value)
    assert "\n" not in str(caught.value) and (checkpoint / "model.onnx").is_file()


def test_no_token_and_no_right(loopback_hub, checkpoint, monkeypatch):
    with pytest.raises(MnistModelError, match="no token for the Hub: use `hf auth login`"):
        push_checkpoint(checkpoint, ID)
    for token in (loopback_hub.token("you", "read"), loopback_hub.token("stranger")):
        loopback_hub.use_here(monkeypatch, token)
        with pytest.raises(MnistModelError, match="may not write to you/mnist-cnn"):
            push_checkpoint(checkpoint, ID)
    loopback_hub.use_here(monkeypatch, "hf_unknown")
    with pytest.raises(MnistModelError, match="does not accept the token"):
        push_checkpoint(checkpoint, ID)


def test_a_name_that_is_taken(hub, checkpoint):
    hub.put(ID, {"config.json": b'{"model_type": "bert"}', "README.md": b"# BERT\n"})
    with pytest.raises(MnistModelError, match="you/mnist-cnn is taken"):
        push_checkpoint(checkpoint, ID)
    assert len(hub.commits(ID)) == 2
    hub.put("you/public", {"README.md": b"# Soon\n"})
    with pytest.raises(MnistModelError, match="you/public is public"):
        push_checkpoint(checkpoint, "you/public", private=True)
    push_checkpoint(checkpoint, "you/public")


def test_what_is_no_finished_checkpoint_is_not_pushed(hub, checkpoint):
    (checkpoint / "model.onnx").unlink()
    with pytest.raises(MnistModelError, match="has no model.onnx"):
        push_checkpoint(checkpoint, ID)
    with pytest.raises(MnistModelError, match="no checkpoint folder"):
        push_checkpoint(checkpoint / "nowhere", ID)
    assert not hub.requests


@pytest.mark.parametrize("wrong", ["a/b/c", "you/--", "you/mnist cnn", "mnist-cnn"])
def test_an_id_that_is_none(hub, checkpoint, wrong):
    with pytest.raises(MnistModelError, match="is no id on the Hub"):
        push_checkpoint(checkpoint, wrong)


@pytest.mark.parametrize("wrong", ["v 1", "a..b", "-v1", "/v1", "v1/", "v1.", "v1.lock", "v~1"])
def test_names_that_no_branch_or_tag_can_have(hub, checkpoint, wrong):
    for option in ({"tag": wrong}, {"revision": wrong}):
        with pytest.raises(MnistModelError, match="is no name of a branch or tag: write it in letters"):
            push_checkpoint(checkpoint, ID, **option)
    assert not hub.requests
    push_checkpoint(checkpoint, ID, revision="trial/2_b", tag="v1.0-rc.1")


def test_pull_by_revision(hub, checkpoint):
    first = push_checkpoint(checkpoint, ID, tag="v1")
    (checkpoint / "preprocessing.py").write_text("# changed\n")
    second = push_checkpoint(checkpoint, ID)
    assert download_checkpoint(ID)[1] == second.commit
    for revision in ("v1", first.commit):
        recognizer = DigitRecognizer.from_pretrained(ID, revision=revision)
        assert recognizer.revision == first.commit and recognizer.model_id == ID
    with pytest.raises(MnistModelError, match="no revision 'v9'"):
        download_checkpoint(ID, "v9")
    with pytest.raises(MnistModelError, match="no model 'you/nothing'|no you/nothing on the Hub"):
        download_checkpoint("you/nothing")


def test_the_push_command(hub, checkpoint, run_python):
    environment = hub.environment(hub.secret_token)
    done = run_python("-m", "mnist_model", "push", checkpoint, ID, "--tag", "v1", env=environment)
    assert f"{hub.url}/{ID} at commit {hub.commits(ID)[0].id}" in done.stdout
    hub.stop()
    refused = run_python("-m", "mnist_model", "push", checkpoint, ID, env=environment, check=False)
    assert refused.returncode == 2 and refused.stderr.splitlines()[-1].startswith("error: The Hub cannot be reached")


def test_train_and_push(hub, tmp_path, tiny_dataset, run_python):
    arguments = (
        "--model",
        "mnist_mlp",
        "--dataset",
        tiny_dataset,
        "--epochs",
        "1",
        "--output-dir",
        tmp_path / "run",
        "--seed",
        "1",
        "--threads",
        "1",
    )
    push = ("--push-to-hub", "--hub-model-id", ID, "--private")
    done = run_python("train.py", *arguments, *push, env=hub.environment(hub.secret_token))
    assert done.stdout.splitlines()[-1].startswith(f"{hub.url}/{ID} at commit {hub.commits(ID)[0].id}")
    assert hub.repo(ID).private and "mistakes.png" in hub.files(ID)
    text = b"".join(content for name, content in hub.files(ID).items() if name.endswith((".json", ".md")))
    assert str(tmp_path).encode() not in text and hub.secret_token.encode() not in text
    hub.stop()
    again = run_python(
        "train.py", *arguments, "--resume", "latest", *push, env=hub.environment(hub.secret_token), check=False
    )
    assert again.returncode == 2 and f"push {tmp_path}/run/checkpoint {ID} --private" in again.stderr
    assert (tmp_path / "run" / "checkpoint" / "model.onnx").is_file()
