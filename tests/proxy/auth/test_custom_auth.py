"""`custom_auth`: the operator's function is asked, believed within bounds, and never quoted."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.errors import AuthenticationFailed, ConfigError, Overloaded
from proxy.auth.custom_answer import caller_of
from proxy.auth.custom_auth import CustomAuth, load_custom_auth
from proxy.deployments import faults
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.auth import hooks
from tests.proxy.served import CHAT, COMPLETION, KEY, config, served

HERE = "tests.proxy.auth.hooks"
STATIC = "sk-a-static-key-beside"


def asking(function: str) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    settings = config(
        general_settings={"custom_auth": f"{HERE}.{function}"}, keys=[{"key": STATIC}]
    )
    return served(ScriptedInvoker([COMPLETION]), settings, KEY, shown=hooks.GOOD)


def shown(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def listed(client: httpx.AsyncClient, key: str = hooks.GOOD) -> list[str]:
    answer = await client.get("/v1/models", headers=shown(key))
    assert answer.status_code == 200, answer.text
    return [model["id"] for model in answer.json()["data"]]


async def test_whom_the_function_knows() -> None:
    """A coroutine's `UserAPIKeyAuth` says who calls, for which models; other keys work on."""
    async with asking("known") as client:
        assert await listed(client) == ["chat"]
        assert (await client.post("/v1/chat/completions", json=CHAT)).status_code == 200
        assert (await client.post("/config/reload")).status_code == 403
        headers = {"x-is-admin": "yes"}
        assert (await client.get("/metrics", headers=headers)).status_code == 200
        for key in (STATIC, KEY):
            assert await listed(client, key) == ["chat", "text"]


async def test_a_function_that_is_no_coroutine() -> None:
    """It runs in a thread, so that requests go on meanwhile; its limits hold for its callers."""
    async with asking("known_in_a_thread") as client:
        answers = [await client.post("/v1/chat/completions", json=CHAT) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert "key threaded" in answers[1].json()["error"]["message"]
    assert threading.get_ident() not in hooks.THREADS


@pytest.mark.parametrize("function", ["known", "known_in_a_thread", "answers", "reads_the_body"])
async def test_its_failures_tell_nothing(function: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it raises is the 401 of any wrong key; neither answer nor log has its words."""
    async with asking(function) as client:
        key = "sk-nobody-knows-this-key"
        answer = await client.get("/v1/models", headers=shown(key))
        assert answer.status_code == 401
        assert answer.json()["error"]["message"] == "The API key is not valid."
        assert answer.headers["www-authenticate"] == "Bearer"
    said = capsys.readouterr()
    for secret in (hooks.SECRET, key, HERE):
        assert secret not in answer.text + said.out + said.err


class Role(StrEnum):
    """A role as LiteLLM has it."""

    ADMIN = "proxy_admin"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        True,
        "sk-known",
        ["key_alias"],
        {"max_budget": 5},
        {"team_rpm_limit": 5},
        {"team_models": ["chat"]},
        {"permissions": {"x": True}},
        {"models": ["a*b*"]},
        {"models": "chat"},
        {"rpm_limit": -1},
        {"key_alias": "admin"},
        {"user_id": "a\nb"},
        {"key_alias": "x" * 201},
        {"expires": "soon"},
        {"metadata": []},
        {"blocked": "perhaps"},
    ],
    ids=str,
)
async def test_answers_that_cannot_be_used(answer: Any) -> None:
    """What is no answer, or asks for what is not honoured, lets nobody in."""
    hooks.ANSWERS[hooks.GOOD] = answer
    async with asking("answers") as client:
        assert (await client.get("/v1/models")).status_code == 401


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"blocked": True}, "key_blocked"),
        ({"expires": "2020-01-31"}, "expired_key"),
        ({"expires": datetime(2020, 1, 31, tzinfo=UTC)}, "expired_key"),
        ({"expires": 1}, "expired_key"),
    ],
    ids=str,
)
async def test_a09_callers_that_are_none_any_more(answer: Any, code: str) -> None:
    """A9: a caller that the function calls blocked, or expired, is a 401 that says why."""
    hooks.ANSWERS[hooks.GOOD] = answer
    async with asking("answers") as client:
        refused = await client.get("/v1/models")
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, code)


def test_what_an_answer_may_say() -> None:
    """LiteLLM's fields reach the caller; those that say nothing are as if they were not there."""
    caller = caller_of(
        {
            "key_alias": "team-a",
            "models": None,
            "aliases": {"small": "chat"},
            "tpm_limit": 5,
            "model_rpm_limit": {"chat": 1},
            "max_parallel_requests": 2,
            "allowed_routes": ["/metrics"],
            "tags": ["free"],
            "metadata": {"a": 1},
            "team_id": "t",
            "max_budget": None,
            "spend": 7.5,
            "expires": None,
        },
        "d" * 64,
    )
    assert (caller.alias, caller.is_admin, caller.tags) == ("team-a", False, frozenset({"free"}))
    assert caller.claim is not None
    assert (caller.claim.tokens, caller.claim.parallel) == (5, 2)
    assert set(caller.model_claims) == {"chat"}
    assert caller.named == {"/metrics"}
    assert caller_of(hooks.Plain(), "d" * 64).may_use("chat")
    assert caller_of({}, "d" * 64).alias == "key-" + "d" * 16
    assert caller_of({"user_role": Role.ADMIN}, "d" * 64).is_admin
    assert not caller_of({"user_role": "proxy_admin_viewer"}, "d" * 64).is_admin


async def test_a_function_that_takes_too_long() -> None:
    """It is given up in time: 503, and nobody is let in."""
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(Overloaded) as refused:
        await CustomAuth(hooks.never, seconds=0.05).whose(b"sk-any", scope)
    assert refused.value.status == 503
    with pytest.raises(AuthenticationFailed):
        await CustomAuth(hooks.known).whose(b"\xff\xfe", scope)


async def test_who_leaves_is_cancelled() -> None:
    """A client that goes away ends the function's work."""
    asking_ = asyncio.create_task(
        CustomAuth(hooks.never).whose(b"sk", {"type": "http", "headers": []})
    )
    await asyncio.sleep(0)
    asking_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking_


def test_a_module_beside_the_configuration(tmp_path: Path) -> None:
    """The module is looked for beside the file first, as LiteLLM does, and read anew each time."""
    for number in (1, 2):
        text = f"async def user(request, api_key):\n    return {{'key_alias': 'v{number}'}}\n"
        (tmp_path / "json.py").write_text(text)
        loaded = load_custom_auth("json.user", tmp_path)
        assert loaded is not None
        scope = {"type": "http", "headers": []}
        caller = asyncio.run(loaded.whose(b"sk", scope))
        assert caller is not None
        assert caller.alias == f"v{number}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.at_all", "ModuleNotFoundError"),
        (f"{HERE}.missing", "AttributeError"),
        (f"{HERE}.NO_FUNCTION", "no function"),
        ("broken.user", "SyntaxError"),
        ("failing.user", "ZeroDivisionError"),
    ],
)
def test_a_function_that_is_not_there(tmp_path: Path, name: str, words: str) -> None:
    """A function that can't be loaded stops the start, with its reason."""
    (tmp_path / "broken.py").write_text("def user(:\n")
    (tmp_path / "failing.py").write_text("1 / 0\n")
    settings = config(general_settings={"custom_auth": name})
    (fault,) = faults(settings, {"AWS_REGION": "eu-west-1"}, tmp_path)
    assert isinstance(fault, ConfigError)
    assert fault.path == ("general_settings", "custom_auth")
    assert words in fault.message
