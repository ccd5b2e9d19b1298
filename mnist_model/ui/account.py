"""Who is signed in, and what is kept for them on the server. Whoever is not signed in is known to no-one.

Environment:
    DATA_DIR           folder of the database; unset: nothing is kept on the server
    AUTH               "name:password,name:password": who may come in, where there is no Hugging Face to sign in with
    OAUTH_CLIENT_ID    set by a Space whose README says `hf_oauth: true`: visitors may sign in with Hugging Face
"""

import logging
import os
import sqlite3
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr

from mnist_model.errors import MnistModelError
from mnist_model.ui.assets import read_asset
from mnist_model.ui.language import answering, say
from mnist_model.ui.store import MAX_ENTRIES, MAX_POINTS, Store

logger = logging.getLogger(__name__)


def local_users() -> list[tuple[str, str]] | None:
    """Names and passwords of AUTH, for `launch(auth=...)`.

    Raises:
        MnistModelError: AUTH is set, and not as it should be.
    """
    text = os.getenv("AUTH")
    if not text:
        return None
    users = []
    for user in text.split(","):
        name, _, password = user.strip().partition(":")
        if not name or not password:
            raise MnistModelError('AUTH must be like "ada:her-password,grace:another".')
        users.append((name, password))
    return users


def build_account() -> None:
    """The line that says who is signed in and, with or without one, account.js, which keeps the history."""
    with_names = bool(os.getenv("AUTH"))
    # The two come with gradio[oauth], which Spaces have: without them Gradio would not start.
    with_hub = bool(os.getenv("OAUTH_CLIENT_ID")) and all(map(find_spec, ("authlib", "itsdangerous")))
    folder = os.getenv("DATA_DIR")
    if with_hub:
        gr.LoginButton(visible=False)  # Gradio adds the routes; the page has a link to them that speaks its language
    gr.HTML(
        html_template=read_asset("account.html"),
        css_template=read_asset("account.css"),
        js_on_load="".join(map(read_asset, ("kept.js", "thumbnail.js", "account.js"))),
        login="hub" if with_hub else "names" if with_names else "",
        limits={"entries": MAX_ENTRIES, "points": MAX_POINTS},
        server_functions=account_functions(Store(Path(folder)) if folder else None),
        apply_default_css=False,
        elem_id="account",
    )


def signed_in(request: gr.Request, profile: gr.OAuthProfile | None) -> tuple[str, str] | None:
    """The key under which things are kept for whoever asks, and the name to show; None for who is not signed in.

    Only what the server itself knows counts: Gradio's session of the request's cookie. A name on the Hub may change its
    owner, and so the key is the number of the account.
    """
    # A page of another host must not act with the visitor's cookies.
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return None
    if profile:
        return f"hub:{profile['sub']}", profile.username
    app = request.app  # Gradio's: server functions are given the request as FastAPI has it, without a user name
    cookies = [request.cookies.get(f"access-token{kind}-{app.cookie_id}") for kind in ("", "-unsecure")]
    names = [app.tokens[cookie] for cookie in cookies if cookie in app.tokens]
    return (f"local:{names[0]}", names[0]) if names else None


def account_functions(store: Store | None) -> list[Callable]:
    """What account.js asks: each takes {"language": ..., and what it needs}, and answers a dictionary.

    That has `said`, a sentence, where something went wrong, and else what was asked for. Nothing is done for anyone who
    is not signed in, or without a store.
    """

    def answer(question: Any, user: tuple[str, str] | None, act: Callable[[Store, str, dict], Any]) -> dict:
        question = question if isinstance(question, dict) else {}
        with answering(question):
            if not user or not store:
                return {"said": say("account.nobody")}
            try:
                return {"said": "", "found": act(store, user[0], question)}
            except MnistModelError:
                return {"said": say("account.refused")}
            except (sqlite3.Error, OSError, ValueError) as error:
                logger.warning("The history in %s: %s", store.folder, error)
                return {"said": say("account.unavailable")}

    def who(question, request: gr.Request, profile: gr.OAuthProfile | None) -> dict:
        """The name of who asks, whether things are kept for them, and their preferences, if any."""
        user = signed_in(request, profile)
        found = answer(question, user, lambda store, owner, _: store.preferences(owner))
        return found | {"name": user and user[1], "kept": bool(user and store)}

    def entries(question, request: gr.Request, profile: gr.OAuthProfile | None) -> dict:
        return answer(question, signed_in(request, profile), lambda store, owner, _: store.entries(owner))

    def keep(question, request: gr.Request, profile: gr.OAuthProfile | None) -> dict:
        user = signed_in(request, profile)
        return answer(question, user, lambda store, owner, asked: store.keep(owner, asked.get("entries")))

    def forget(question, request: gr.Request, profile: gr.OAuthProfile | None) -> dict:
        user = signed_in(request, profile)
        return answer(question, user, lambda store, owner, asked: store.forget(owner, asked.get("id")))

    def forget_all(question, request: gr.Request, profile: gr.OAuthProfile | None) -> dict:
        return answer(question, signed_in(request, profile), lambda store, owner, _: store.forget_all(owner))

    def prefer(question, request: gr.Request, profile: gr.OAuthProfile | None) -> dict:
        user = signed_in(request, profile)
        return answer(question, user, lambda store, owner, asked: store.prefer(owner, asked.get("chosen")))

    return [who, entries, keep, forget, forget_all, prefer]
