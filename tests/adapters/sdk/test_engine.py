"""What the SDK's loop does with an order: endpoints for settings, errors for what can't be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Json, Task
from adapters.errors import InvalidRequest, UnsupportedTask
from adapters.sagemaker.connections import Connections
from adapters.sdk.engine import Engine, Order, open_engine
from tests.adapters.sagemaker.upstream import Call, serve
from tests.sts_server import ROLE, minted, serve_sts

HELLO = [{"role": "user", "content": "Hi"}]
BODIES: dict[Task, Json] = {
    "chat": {"messages": HELLO},
    "completion": {"prompt": "Hi"},
    "embedding": {"input": "Hi"},
    "rerank": {"query": "Hi", "documents": ["a"]},
}
MOCK = {"mock_response": "Always this."}


@pytest.fixture
async def opened() -> AsyncIterator[Engine]:
    async with open_engine(lambda: False) as made:
        yield made


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "AWS_CA_BUNDLE"])
async def test_an_environment_that_can_not_be_used(variable: str) -> None:
    """A proxy or a bundle that is none is told as a wrong argument is, by the variable's name."""
    with pytest.raises(InvalidRequest, match=variable):
        async with open_engine(lambda: False, {variable: "socks5://u:hush@nowhere"}):
            pytest.fail("it was opened")


def order(
    model: str = "sagemaker/e",
    task: Task = "chat",
    environ: Mapping[str, str] | None = None,
    /,
    **arguments: Any,
) -> Order:
    return Order(task, {"model": model, **BODIES[task]}, arguments, environ or {})


async def test_a_role_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role of the arguments is assumed once, and its session signs every call."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "ambient")
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
    role = {"aws_role_name": ROLE, "aws_session_tags": {"team": "search"}, **keys}

    async def script(call: Call) -> None:
        await call.answer(body=b'[{"generated_text": "Hello."}]')

    with serve_sts() as sts:
        async with serve(script) as upstream, open_engine(lambda: False) as engine:
            where = {"api_base": upstream.url, "aws_sts_endpoint": sts.url}
            for _ in range(2):
                await engine.call(order(**role, **where, aws_region_name="eu-west-1"))
    assert sts.only().signer == "AKIDEXAMPLE"
    assert "x-amz-security-token" not in sts.only().headers
    tokens = [call.headers["X-Amz-Security-Token"] for call in upstream.calls]
    assert tokens == [minted(1)[2]] * 2


@pytest.mark.parametrize(
    ("model", "settings", "name"),
    [
        ("sagemaker/e", {}, "e"),
        ("sagemaker_chat/e", {}, "e"),
        ("sagemaker_nova/e", {}, "e"),
        ("sagemaker/openai/e", {}, "openai/e"),
        ("e", {"custom_llm_provider": "sagemaker"}, "e"),
        ("sagemaker/e", {"custom_llm_provider": "sagemaker"}, "e"),
    ],
)
async def test_an_answers_model_is_what_stands_behind_the_provider(
    opened: Engine, model: str, settings: dict[str, Any], name: str
) -> None:
    """As with LiteLLM: the provider goes, the rest stays."""
    answer = await opened.call(order(model, **settings, **MOCK))
    assert answer.body["model"] == name


@pytest.mark.parametrize(
    ("model", "arguments", "param"),
    [
        ("bedrock/e", {}, "model"),
        ("sagemaker/a_b", {}, "model"),
        ("sagemaker/e", {"format": "tgj"}, "format"),
        ("sagemaker/e", {"aws_access_key_id": "AKID"}, "aws_access_key_id"),
        ("sagemaker/e", {"aws_region_name": "Ireland!"}, "aws_region_name"),
        ("sagemaker/e", {"extra_headers": {"X-Other": "a"}}, "extra_headers"),
        ("sagemaker/e", {"chat_template": "/no/such/file"}, "chat_template"),
    ],
)
async def test_what_can_not_work_is_told_by_its_argument(
    opened: Engine, model: str, arguments: dict[str, Any], param: str
) -> None:
    """What the proxy would refuse at start is the call's own error here."""
    with pytest.raises(InvalidRequest) as caught:
        await opened.call(order(model, **arguments))
    assert caught.value.param == param
    assert caught.value.message.startswith(param)


async def test_the_bodys_faults_have_openais_names(opened: Engine) -> None:
    """A request is checked as a client's is."""
    with pytest.raises(InvalidRequest) as caught:
        await opened.call(Order("chat", {"model": 3, "messages": HELLO}, {}, {}))
    assert caught.value.param == "model"


@pytest.mark.parametrize("task", ["embedding", "rerank"])
async def test_every_task_has_its_schema(opened: Engine, task: Task) -> None:
    """Embeddings and ranking go the same way."""
    with pytest.raises(UnsupportedTask):
        await opened.call(order("sagemaker_chat/e", task))


async def test_completions_go_the_same_way(opened: Engine) -> None:
    """A prompt is answered as a conversation is."""
    answer = await opened.call(order("sagemaker/e", "completion", **MOCK))
    assert answer.body["choices"][0]["text"] == "Always this."
    stream = await opened.stream(order("sagemaker/e", "completion", **MOCK))
    texts = [chunk["choices"][0]["text"] async for batch in stream for chunk in batch]
    assert "".join(texts) == "Always this."


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template, which is read when an endpoint is made: without its file none can be made."""
    path = tmp_path / "chat.jinja"
    path.write_text("{{ messages[0].content }}")
    return path


def remove(template: Path) -> None:
    template.unlink()


async def test_equal_settings_share_an_endpoint(opened: Engine, template: Path) -> None:
    """Another time limit is no other endpoint; another identity, region or setting is."""
    settings = {"chat_template": str(template), **MOCK}
    await opened.call(order(**settings))
    remove(template)
    for same in ({}, {"timeout": 3}, {"stream_timeout": 3}, {"temperature": 1}, {"top_k": 3}):
        await opened.call(order(**same, **settings))
    keys = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
    region = {"AWS_REGION": "eu-west-1"}
    for other in (
        order(**keys, **settings),
        order(**settings, drop_params=True),
        order("sagemaker/f", **settings),
        order("sagemaker/e", "chat", region, **settings),
    ):
        with pytest.raises(InvalidRequest, match="chat_template"):
            await opened.call(other)


async def test_two_secrets_are_two_identities(opened: Engine, template: Path) -> None:
    """A key whose secret has changed is signed with anew, although no text shows a secret."""
    first = {"aws_access_key_id": "AKID", "aws_secret_access_key": "first"}
    settings = {"chat_template": str(template), **MOCK}
    await opened.call(order(**first, **settings))
    remove(template)
    await opened.call(order(**first, **settings))
    with pytest.raises(InvalidRequest, match="chat_template"):
        await opened.call(order(**{**first, "aws_secret_access_key": "second"}, **settings))


async def test_endpoints_are_kept_within_bounds(template: Path) -> None:
    """However many models a process calls, only those of late are kept."""
    settings = {"chat_template": str(template), **MOCK}
    few = Engine(Connections(), verbose=lambda: False, most_endpoints=2)
    for name in ("a", "b", "a", "c"):
        await few.call(order(f"sagemaker/{name}", **settings))
    remove(template)
    for name in ("a", "c"):
        await few.call(order(f"sagemaker/{name}", **settings))
    with pytest.raises(InvalidRequest, match="chat_template"):
        await few.call(order("sagemaker/b", **settings))
    await few.aclose()


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({**BODIES["chat"], "temperature": "warm"}, "temperature"),
        ({"messages": []}, "messages"),
        ({}, "messages"),
    ],
)
async def test_a_request_is_checked_as_its_format_wants(
    opened: Engine, given: Json, param: str
) -> None:
    """OpenAI's schema holds, but for a format that takes the container's own bodies."""
    body = {"model": "sagemaker/e", **given}
    wrong = Order("chat", body, MOCK, {})
    with pytest.raises(InvalidRequest) as caught:
        await opened.call(wrong)
    assert caught.value.param == param


@pytest.mark.parametrize("model", [None, 3, ["sagemaker/e"]])
async def test_a_model_is_a_text(opened: Engine, model: Any) -> None:
    """Before anything is made of it."""
    with pytest.raises(InvalidRequest) as caught:
        await opened.call(Order("chat", {"model": model, **BODIES["chat"]}, MOCK, {}))
    assert caught.value.param == "model"
