"""Accounts, and what is done to repos as a whole: create, delete, settings, branches, tags, a space's runtime."""

import re
from datetime import UTC, datetime

from . import cards
from .answers import Answer, HubError, json_answer, repo_not_found, revision_not_found, timestamp
from .routing import Call, route
from .store import GITATTRIBUTES, Repo

API = "/api/{kind}/{repo}"
SPACE = "/api/(?P<kind>spaces)/{repo}"


@route("GET", "/api/whoami-v2", access="login")
def whoami(call: Call) -> Answer:
    name, role = call.token.user, call.token.role
    return json_answer(
        {
            "type": "user",
            "id": name,
            "name": name,
            "fullname": name,
            "email": f"{name}@example.com",
            "emailVerified": True,
            "isPro": False,
            "orgs": [{"type": "org", "name": org, "fullname": org} for org in call.store.users[name]],
            "auth": {"type": "access_token", "accessToken": {"displayName": role, "role": role}},
        }
    )


@route("GET", "/api/agent-harnesses")
def agent_harnesses(call: Call) -> Answer:
    return json_answer({"harnesses": {}, "standardEnvVars": []})


@route("POST", "/api/validate-yaml")
def validate_yaml(call: Call) -> Answer:
    content = call.json()
    errors, warnings = cards.problems(content.get("content", ""), content.get("repoType", "model"))
    found = {"errors": [{"message": line} for line in errors], "warnings": [{"message": line} for line in warnings]}
    return json_answer(found, 400 if errors else 200)


@route("POST", "/api/repos/create", access="login")
def create_repo(call: Call) -> Answer:
    content = call.json()
    repo_type = content.get("type") or "model"
    namespace, name = content.get("organization") or call.token.user, content.get("name") or ""
    repo_id = f"{namespace}/{name}"
    if repo_type not in ("model", "dataset", "space"):
        raise HubError(400, f"Invalid repo type: {repo_type}")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,96}", name) or "--" in name or ".." in name:
        raise HubError(400, f"Invalid repo name: {name}")
    if repo_type == "space" and content.get("sdk") not in ("gradio", "streamlit", "docker", "static"):
        raise HubError(400, '"sdk" must be one of [gradio, streamlit, docker, static]')
    if not call.store.can_write(namespace, call.token):
        raise HubError(403, f'You don\'t have the rights to create a {repo_type} under the namespace "{namespace}"')
    private = content.get("private") or content.get("visibility") == "private"
    address = f"{call.hub.url}/{Repo(f'{repo_type}s', repo_id).path}"
    try:
        repo = call.store.create(
            f"{repo_type}s", repo_id, call.token.user, private=bool(private), sdk=content.get("sdk")
        )
    except KeyError:
        # The client reads the address from this answer too, where the repo may exist.
        raise HubError(409, f"You already created this {repo_type} repo: {repo_id}", url=address) from None
    repo.hardware = content.get("hardware") or repo.hardware
    for entry in content.get("variables") or []:
        _remember(repo.variables, entry)
    for entry in content.get("secrets") or []:
        _remember(repo.secrets, entry)
    return json_answer({"url": address, "name": repo_id, "id": repo_id})


@route("DELETE", "/api/repos/delete", access="login")
def delete_repo(call: Call) -> Answer:
    content = call.json()
    key = f"{content.get('type') or 'model'}s", f"{content.get('organization') or call.token.user}/{content['name']}"
    repo = call.store.repos.get(key)
    if repo is None or not call.store.can_read(repo, call.token):
        raise repo_not_found()
    if not call.store.can_write(repo.namespace, call.token):
        raise HubError(403, f"You don't have the rights to delete {repo.id}")
    del call.store.repos[key]
    return json_answer({})


@route("PUT", API + "/settings", access="write")
def settings(call: Call) -> Answer:
    content, repo = call.json(), call.repo
    if "private" in content or "visibility" in content:
        repo.private = bool(content.get("private")) or content.get("visibility") == "private"
    if "gated" in content:
        repo.gated = content["gated"]
    return json_answer({"private": repo.private, "gated": repo.gated})


@route("GET", API + "/auth-check", access="read")
@route("GET", API + "/auth-check/write", access="write")
def auth_check(call: Call) -> Answer:
    return json_answer({})


@route("GET", API + "/refs", access="read")
def refs(call: Call) -> Answer:
    def listed(names: dict[str, str], folder: str) -> list[dict]:
        return [{"name": name, "ref": f"refs/{folder}/{name}", "targetCommit": id_} for name, id_ in names.items()]

    content = {"branches": listed(call.repo.branches, "heads"), "tags": listed(call.repo.tags, "tags"), "converts": []}
    return json_answer(content | ({"pullRequests": []} if call.flag("include_prs") else {}))


@route("POST", API + "/branch/{name}", access="write")
def create_branch(call: Call) -> Answer:
    repo, name = call.repo, call.params["name"]
    if name in repo.branches:
        raise HubError(409, "Reference already exists")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", name) or name.startswith("refs/"):
        raise HubError(400, "Invalid reference for a branch")
    repo.branches[name] = repo.resolve(call.json().get("startingPoint") or "main").id
    return json_answer({}, 201)


@route("DELETE", API + "/branch/{name}", access="write")
def delete_branch(call: Call) -> Answer:
    name = call.params["name"]
    if name == "main":
        raise HubError(403, "Cannot delete refs/heads/main")
    if call.repo.branches.pop(name, None) is None:
        raise revision_not_found(name)
    return json_answer({})


@route("POST", API + "/tag/{revision}", access="write")
def create_tag(call: Call) -> Answer:
    repo, name = call.repo, call.json().get("tag") or ""
    commit = repo.resolve(call.params["revision"])
    if name in repo.tags:
        raise HubError(409, f"Tag reference exists already: {name}")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", name):
        raise HubError(400, f"Invalid tag name: {name}")
    repo.tags[name] = commit.id
    return json_answer({}, 201)


@route("DELETE", API + "/tag/{revision}", access="write")
def delete_tag(call: Call) -> Answer:
    if call.repo.tags.pop(call.params["revision"], None) is None:
        raise revision_not_found(call.params["revision"])
    return json_answer({})


@route("GET", SPACE + "/(?P<name>variables|secrets)", access="write")
@route("POST", SPACE + "/(?P<name>variables|secrets)", access="write")
@route("DELETE", SPACE + "/(?P<name>variables|secrets)", access="write")
def variables(call: Call) -> Answer:
    kept = getattr(call.repo, call.params["name"])
    if call.method == "POST":
        _remember(kept, call.json())
    elif call.method == "DELETE":
        kept.pop(call.json()["key"], None)
    # What a secret holds never comes back.
    hidden = {"value"} if call.params["name"] == "secrets" else set()
    shown = {key: {name: entry[name] for name in entry.keys() - hidden} for key, entry in kept.items()}
    return json_answer(shown)


def _remember(kept: dict[str, dict], entry: dict) -> None:
    key = entry.get("key") or ""
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", key):
        raise HubError(400, f'"key" with value "{key}" fails to match the required pattern: /^[a-zA-Z_][a-zA-Z0-9_]*$/')
    kept[key] = {
        "key": key,
        "value": entry["value"],
        "description": entry.get("description"),
        "updatedAt": timestamp(datetime.now(UTC)),
    }


@route("GET", SPACE + "/runtime", access="read")
def runtime(call: Call) -> Answer:
    return json_answer(space_runtime(call.repo))


@route("POST", SPACE + "/(?P<action>restart|pause|hardware|sleeptime)", access="write")
def change_runtime(call: Call) -> Answer:
    repo, action = call.repo, call.params["action"]
    if action in ("restart", "pause"):
        repo.paused = action == "pause"
    elif action == "hardware":
        repo.hardware = call.json()["flavor"]
    else:
        repo.sleep_time = call.json()["seconds"]
    return json_answer(space_runtime(repo))


def space_runtime(repo: Repo) -> dict:
    """A space's runtime: the stages that a test has set, one after the other, or what its files come to."""
    files = repo.resolve("main").files
    card = cards.metadata(files["README.md"].data.decode()) if "README.md" in files else {}
    if repo.stages:
        stage = repo.stages.pop(0) if len(repo.stages) > 1 else repo.stages[0]
    elif repo.paused:
        stage = "PAUSED"
    elif "sdk" not in card:
        stage = "CONFIG_ERROR" if files.keys() - {GITATTRIBUTES} else "NO_APP_FILE"
    else:
        stage = "RUNNING" if card.get("app_file", "app.py") in files else "NO_APP_FILE"
    return {
        "stage": stage,
        "hardware": {"current": repo.hardware if stage == "RUNNING" else None, "requested": repo.hardware},
        "storage": None,
        "gcTimeout": repo.sleep_time,
        "replicas": {"current": int(stage == "RUNNING"), "requested": 1},
        "devMode": False,
        "sha": repo.resolve("main").id,
    }
