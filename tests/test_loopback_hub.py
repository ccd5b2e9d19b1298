"""The loopback Hub as the real clients see it: accounts, repos, spaces, and clients in processes of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from hub_samples import REPO, WEIGHTS
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    BadRequestError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

ROOT = Path(__file__).parent.parent


def test_a_token_says_who_it_is_and_what_it_may(loopback_hub):
    for role in ("read", "write"):
        answer = loopback_hub.api("you", role).whoami()
        assert answer["name"] == "you"
        assert answer["auth"]["accessToken"]["role"] == role


def test_an_unknown_token_is_refused(loopback_hub, repo):
    stranger = HfApi(endpoint=loopback_hub.url, token="hf_unknown")
    with pytest.raises(HfHubHTTPError, match="Invalid user token") as raised:
        stranger.whoami()
    assert raised.value.response.status_code == 401
    with pytest.raises(HfHubHTTPError, match="Invalid credentials") as raised:
        stranger.model_info(repo)
    assert not isinstance(raised.value, RepositoryNotFoundError)


def test_a_private_repo_is_not_there_for_others(loopback_hub, api):
    loopback_hub.put(REPO, {"config.json": b"{}", "model.safetensors": WEIGHTS}, private=True)
    other = loopback_hub.api("other")
    anonymous = loopback_hub.api(None)
    for client, status in ((other, 404), (anonymous, 401)):
        for ask in (client.model_info, client.list_repo_files, client.list_repo_refs, client.snapshot_download):
            with pytest.raises(RepositoryNotFoundError) as raised:
                ask(REPO)
            assert raised.value.response.status_code == status
        assert not client.repo_exists(REPO)
    assert api.model_info(REPO).private
    assert Path(api.hf_hub_download(REPO, "config.json")).read_bytes() == b"{}"
    assert Path(api.hf_hub_download(REPO, "model.safetensors")).read_bytes() == WEIGHTS


def test_the_token_stays_out_of_the_storage(loopback_hub, api):
    api.create_repo(REPO, private=True)
    api.upload_file(path_or_fileobj=WEIGHTS, path_in_repo="model.safetensors", repo_id=REPO)
    api.hf_hub_download(REPO, "model.safetensors")
    outside = loopback_hub.requests_to("PUT", "^/upload/") + loopback_hub.requests_to("GET", "^/cdn/")
    assert len(outside) == 2
    assert not any("authorization" in request.headers for request in outside)
    with pytest.raises(HTTPError, match="403"):
        urlopen(loopback_hub.storage_url + outside[1].path)  # without the signature


def test_a_gated_repo_shows_itself_and_not_its_files(loopback_hub, api, repo):
    api.update_repo_settings(repo, gated="auto")
    other = loopback_hub.api("other")
    assert other.model_info(repo).gated == "auto"
    with pytest.raises(GatedRepoError):
        other.hf_hub_download(repo, "config.json")
    assert Path(api.hf_hub_download(repo, "config.json")).read_bytes() == b"{}"


def test_a_token_to_read_cannot_write(loopback_hub, repo):
    reader = loopback_hub.api("you", "read")
    before = loopback_hub.commits(repo)
    for act in (
        lambda: reader.create_repo("you/another"),
        lambda: reader.upload_file(path_or_fileobj=b"{}", path_in_repo="new.json", repo_id=repo),
        lambda: reader.delete_repo(repo),
        lambda: reader.create_tag(repo, tag="v1"),
        lambda: reader.update_repo_settings(repo, private=True),
    ):
        with pytest.raises(HfHubHTTPError, match="403 Forbidden") as raised:
            act()
        assert raised.value.response.status_code == 403
    assert loopback_hub.commits(repo) == before
    assert Path(reader.hf_hub_download(repo, "config.json")).read_bytes() == b"{}"


def test_nobody_writes_into_what_is_not_theirs(loopback_hub, api):
    loopback_hub.put("other/model", {"config.json": b"{}"})
    with pytest.raises(HfHubHTTPError, match='rights to create a dataset under the namespace "other"'):
        api.create_repo("other/data", repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="create_pr=1"):
        api.upload_file(path_or_fileobj=b"[]", path_in_repo="config.json", repo_id="other/model")
    with pytest.raises(HfHubHTTPError, match="Authorization error"):
        api.upload_file(path_or_fileobj=WEIGHTS, path_in_repo="model.bin", repo_id="other/model")
    assert loopback_hub.files("other/model")["config.json"] == b"{}"
    loopback_hub.add_user("member", orgs=("team",))
    assert loopback_hub.api("member").create_repo("team/model").repo_id == "team/model"


@pytest.mark.parametrize(("repo_type", "sdk"), [("model", None), ("dataset", None), ("space", "gradio")])
def test_create_and_delete(loopback_hub, api, repo_type, sdk):
    address = api.create_repo(REPO, repo_type=repo_type, space_sdk=sdk, private=True)
    assert (address.repo_id, address.repo_type, address.endpoint) == (REPO, repo_type, loopback_hub.url)
    assert api.repo_info(REPO, repo_type=repo_type).private
    # The Hub puts the first commit in.
    card = {"README.md"} if repo_type == "space" else set()
    assert set(api.list_repo_files(REPO, repo_type=repo_type)) == {".gitattributes"} | card
    with pytest.raises(HfHubHTTPError, match=f"You already created this {repo_type} repo: {REPO}") as raised:
        api.create_repo(REPO, repo_type=repo_type, space_sdk=sdk)
    assert raised.value.response.status_code == 409
    assert api.create_repo(REPO, repo_type=repo_type, space_sdk=sdk, exist_ok=True).repo_id == REPO
    api.delete_repo(REPO, repo_type=repo_type)
    assert not api.repo_exists(REPO, repo_type=repo_type)
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(REPO, repo_type=repo_type)
    api.delete_repo(REPO, repo_type=repo_type, missing_ok=True)


def test_repos_of_one_name_are_apart(loopback_hub, api):
    loopback_hub.put(REPO, {"a.txt": b"model"})
    loopback_hub.put(REPO, {"a.txt": b"dataset"}, "dataset")
    loopback_hub.put(REPO, {"a.txt": b"space"}, "space")
    for repo_type in ("model", "dataset", "space"):
        path = api.hf_hub_download(REPO, "a.txt", repo_type=repo_type)
        assert Path(path).read_text() == repo_type


def test_private_and_back(loopback_hub, api, repo):
    anonymous = loopback_hub.api(None)
    api.update_repo_settings(repo, private=True)
    assert not anonymous.repo_exists(repo)
    api.update_repo_settings(repo, private=False)
    assert anonymous.repo_exists(repo)


def test_branches_and_tags(loopback_hub, api, repo):
    first = api.model_info(repo).sha
    api.create_branch(repo, branch="feature/wide")
    api.upload_file(path_or_fileobj=b"[]", path_in_repo="config.json", repo_id=repo, revision="feature/wide")
    api.create_tag(repo, tag="v1.0", revision="feature/wide")
    wide = api.model_info(repo, revision="v1.0").sha
    refs = api.list_repo_refs(repo)
    assert {ref.name: ref.target_commit for ref in refs.branches} == {"main": first, "feature/wide": wide}
    assert {ref.name: ref.target_commit for ref in refs.tags} == {"v1.0": wide}
    for revision, expected in (("main", b"{}"), ("feature/wide", b"[]"), ("v1.0", b"[]"), (wide, b"[]")):
        assert Path(api.hf_hub_download(repo, "config.json", revision=revision)).read_bytes() == expected
        assert loopback_hub.files(repo, revision)["config.json"] == expected
    assert api.model_info(repo, revision=wide[:7]).sha == wide

    with pytest.raises(HfHubHTTPError, match="Reference already exists"):
        api.create_branch(repo, branch="main")
    api.create_branch(repo, branch="main", exist_ok=True)
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_tag(repo, tag="v1.0")
    with pytest.raises(RevisionNotFoundError):
        api.create_tag(repo, tag="v2", revision="nowhere")
    with pytest.raises(HfHubHTTPError, match="Cannot delete refs/heads/main"):
        api.delete_branch(repo, branch="main")
    api.delete_branch(repo, branch="feature/wide")
    api.delete_tag(repo, tag="v1.0")
    for revision in ("feature/wide", "v1.0", "nowhere"):
        assert not api.revision_exists(repo, revision)
        with pytest.raises(RevisionNotFoundError):
            api.hf_hub_download(repo, "config.json", revision=revision)
    assert api.model_info(repo, revision=wide).sha == wide  # the commit is still there by its id


def test_what_the_hub_tells_about_a_repo(loopback_hub, api):
    card = b"---\nlicense: apache-2.0\ndatasets: [ylecun/mnist]\npipeline_tag: image-classification\n---\n"
    loopback_hub.put(REPO, {"README.md": card, "model.safetensors": WEIGHTS})
    info = api.model_info(REPO, files_metadata=True)
    assert (info.id, info.author, info.private, info.sha) == (REPO, "you", False, loopback_hub.commits(REPO)[0].id)
    assert info.card_data.license == "apache-2.0"
    assert info.pipeline_tag == "image-classification"
    assert {"license:apache-2.0", "dataset:ylecun/mnist"} <= set(info.tags)
    sizes = {sibling.rfilename: (sibling.size, sibling.lfs is not None) for sibling in info.siblings}
    assert sizes["model.safetensors"] == (len(WEIGHTS), True)
    assert sizes["README.md"] == (len(card), False)
    expanded = api.model_info(REPO, expand=["sha", "siblings"])
    assert expanded.sha == info.sha and expanded.card_data is None


def test_variables_and_secrets(loopback_hub, api):
    api.create_repo(
        REPO, repo_type="space", space_sdk="gradio", space_variables=[{"key": "MODEL_ID", "value": "you/model"}]
    )
    api.add_space_variable(REPO, "MODEL_REVISION", "v1", description="A tag")
    assert {key: entry.value for key, entry in api.get_space_variables(REPO).items()} == {
        "MODEL_ID": "you/model",
        "MODEL_REVISION": "v1",
    }
    api.delete_space_variable(REPO, "MODEL_ID")
    assert api.get_space_variables(REPO)["MODEL_REVISION"].description == "A tag"
    api.add_space_secret(REPO, "HF_TOKEN", "hf_secret")
    assert api.get_space_secrets(REPO).keys() == {"HF_TOKEN"}
    assert loopback_hub.repo(REPO, "space").secrets["HF_TOKEN"]["value"] == "hf_secret"
    assert "hf_secret" not in str(api.get_space_secrets(REPO))
    with pytest.raises(BadRequestError, match="required pattern"):
        api.add_space_variable(REPO, "no good", "")
    other = loopback_hub.api("other")
    with pytest.raises(HfHubHTTPError, match="403"):
        other.get_space_variables(REPO)


def test_the_runtime_of_a_space(loopback_hub, api):
    api.create_repo(REPO, repo_type="space", space_sdk="gradio")
    assert api.get_space_runtime(REPO).stage == "NO_APP_FILE"
    loopback_hub.put(REPO, {"app.py": b"print()"}, "space")
    runtime = api.get_space_runtime(REPO)
    assert (runtime.stage, runtime.hardware) == ("RUNNING", "cpu-basic")
    assert api.pause_space(REPO).stage == "PAUSED"
    assert api.restart_space(REPO).stage == "RUNNING"
    assert api.request_space_hardware(REPO, "t4-small").requested_hardware == "t4-small"
    loopback_hub.repo(REPO, "space").stages = ["BUILDING", "APP_STARTING", "RUNNING"]
    stages = [api.get_space_runtime(REPO).stage for _ in range(4)]
    assert stages == ["BUILDING", "APP_STARTING", "RUNNING", "RUNNING"]
    info = api.space_info(REPO)
    assert (info.sdk, info.subdomain) == ("gradio", "you-mnist-cnn")


def test_the_hf_command(loopback_hub, run_python, tmp_path):
    hf = shutil.which("hf", path=str(Path(sys.executable).parent))
    environment = loopback_hub.environment(loopback_hub.add_user("you"))

    def run(*arguments: str) -> str:
        command = [hf, *map(str, arguments)] if hf else [sys.executable, "-m", "huggingface_hub.cli.hf", *arguments]
        done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "config.json").write_text("{}")
    (tmp_path / "up" / "model.onnx").write_bytes(WEIGHTS)
    assert "you" in run("auth", "whoami")
    run("upload", REPO, tmp_path / "up", ".", "--commit-message", "From the shell")
    assert loopback_hub.commits(REPO)[0].title == "From the shell"
    run("download", REPO, "--local-dir", tmp_path / "down")
    for path in ("config.json", "model.onnx"):
        assert (tmp_path / "down" / path).read_bytes() == (tmp_path / "up" / path).read_bytes()


def test_load_dataset(loopback_hub, run_python, tiny_dataset):
    files = {path.relative_to(tiny_dataset).as_posix(): path.read_bytes() for path in tiny_dataset.rglob("*.parquet")}
    loopback_hub.put("ylecun/mnist", files, "dataset")
    code = """
        from datasets import load_dataset
        data = load_dataset("ylecun/mnist")
        print(data.num_rows, data["train"][3]["image"].size, data["train"].features["label"].names[3])
    """
    done = run_python("-c", "\n".join(line.strip() for line in code.splitlines()), env=loopback_hub.environment())
    assert done.stdout.strip() == "{'train': 260, 'test': 60} (28, 28) 3"
    assert any(request.sent > 10_000 for request in loopback_hub.requests_to("GET", "^/cdn/datasets/"))


def test_timm_and_transformers_load_the_bundled_checkpoint(loopback_hub, run_python):
    folder = ROOT / "mnist_model" / "checkpoints" / "mnist_cnn"
    loopback_hub.put(REPO, {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()})
    code = f"""
import timm, torch
from transformers import AutoImageProcessor, AutoModelForImageClassification

picture = torch.rand(1, 3, 56, 56, generator=torch.Generator().manual_seed(0))
model = AutoModelForImageClassification.from_pretrained("{REPO}").eval()
bare = timm.create_model("hf-hub:{REPO}", pretrained=True).eval()
processor = AutoImageProcessor.from_pretrained("{REPO}")
ours = AutoImageProcessor.from_pretrained("{REPO}", trust_remote_code=True)
with torch.no_grad():
    same = torch.allclose(model(picture).logits, bare(picture), atol=1e-5)
print(same, model.config.id2label[7], type(processor).__name__, type(ours).__name__)
"""
    done = run_python("-c", code, env=loopback_hub.environment())
    assert done.stdout.split() == ["True", "7", "TimmWrapperImageProcessor", "MnistImageProcessor"]
    assert loopback_hub.requests_to("GET", "^/cdn/models/")


def test_it_runs_by_itself():
    command = [sys.executable, str(ROOT / "tests" / "loopback_hub"), "--port", "0", "--user", "me"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = [process.stdout.readline() for _ in range(2)]
            endpoint, token = (line.strip().split("=", 1)[1] for line in lines)
            assert HfApi(endpoint=endpoint, token=token).whoami()["name"] == "me"
        finally:
            process.terminate()
