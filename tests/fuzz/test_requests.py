"""Requests of every shape to the whole application: answered as documented, never a 500."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.openai import parameters
from tests.adapters.scripted import ScriptedInvoker
from tests.fuzz.effort import searching
from tests.fuzz.values import ANYTHING
from tests.openai_schema import assert_is_openais
from tests.proxy.served import COMPLETION, config, entry, served

MESSAGE = {"role": "user", "content": "Hi"}
#: What each route needs, of which some is then replaced.
GOOD: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [MESSAGE]},
    "/v1/completions": {"prompt": "Hi"},
    "/v1/embeddings": {"input": "Hi"},
    "/v1/rerank": {"query": "q", "documents": ["a", "b"]},
}
MODELS = ("chat", "text", "llama", "raw", "tgi", "lmi", "nova", "openai", "template", "nobody")
FIELDS = sorted(
    {
        *parameters.CHAT,
        *parameters.COMPLETION,
        *parameters.EMBEDDING,
        *(name for body in GOOD.values() for name in body),
        *("metadata", "extra_body", "cache", "fallbacks", "tags", "timeout", "num_retries"),
        *("chat_template_kwargs", "top_n", "return_documents", "aws_region_name", "inputs"),
    }
)
ROLES = st.sampled_from(["system", "user", "assistant", "tool", "function", "developer", "x"])
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": ROLES},
        optional={
            "content": ANYTHING,
            "tool_calls": ANYTHING | st.just([CALL]),
            "tool_call_id": ANYTHING,
            "name": ANYTHING,
            "refusal": ANYTHING,
        },
    ),
    max_size=4,
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A route, and a body that is nearly right for it."""
    path = draw(st.sampled_from(sorted(GOOD)))
    body = {"model": draw(st.sampled_from(MODELS)), **GOOD[path]}
    if "messages" in body and draw(st.booleans()):
        body["messages"] = draw(MESSAGES)
    body.update(draw(st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=3)))
    return path, body


def settings() -> Any:
    """Models of every dialect, and one with a template."""
    template = "{% for m in messages %}{{ m.role + ': ' + m.content }}{% endfor %}"
    return config(
        router_settings={"num_retries": 0},
        model_list=[
            entry("chat", "sagemaker_chat/e"),
            entry("text", "sagemaker/e"),
            entry("llama", "sagemaker/meta-llama-2-7b-f", format="llama2"),
            entry("raw", "sagemaker/e", format="raw"),
            entry(
                "tgi",
                "sagemaker/e",
                format="tgi",
                hf_model_name="mistralai/Mistral-7B-Instruct-v0.3",
            ),
            entry("lmi", "sagemaker/e", format="lmi"),
            entry("nova", "sagemaker_nova/e"),
            entry("openai", "sagemaker/openai/e"),
            entry("template", "sagemaker/e", chat_template=template),
        ],
    )


class Asked:
    """An application on a loop of its own, asked from tests that are no coroutines."""

    def __init__(self) -> None:
        self.script = ScriptedInvoker(replies=[COMPLETION], streams=[[b"data: [DONE]\n\n"]])
        self._loop = asyncio.new_event_loop()
        self._serving = self._client()
        self._http = self._loop.run_until_complete(anext(self._serving))

    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        async with served(self.script, settings()) as client:
            yield client

    def post(self, path: str, content: bytes) -> httpx.Response:
        """Post bytes that claim to be JSON."""
        self.script.calls.clear()
        self.script.opened.clear()
        headers = {"content-type": "application/json"}
        return self._loop.run_until_complete(
            asyncio.wait_for(self._http.post(path, content=content, headers=headers), 30)
        )

    def close(self) -> None:
        """End the application."""
        self._loop.run_until_complete(self._serving.aclose())  # type: ignore[attr-defined]
        self._loop.close()


@pytest.fixture(scope="module")
def asked() -> Any:
    """The application."""
    application = Asked()
    yield application
    application.close()


def assert_is_documented(answer: httpx.Response) -> None:
    """A good answer has OpenAI's shape; anything else is its envelope, and no fault of ours."""
    if answer.status_code == httpx.codes.OK:
        if answer.headers["content-type"].startswith("text/event-stream"):
            assert answer.text.startswith("data: ")
        elif "rerank" not in answer.request.url.path:
            assert_is_openais(answer.json())
        return
    assert answer.status_code in {400, 404, 413, 502}, answer.text
    body = answer.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert "Traceback" not in answer.text


@given(bodies())
@example(("/v1/chat/completions", {"model": "chat", "messages": [MESSAGE], "n": 100_000}))
@searching(250)
def test_a_request_of_any_shape_is_answered(asked: Asked, told: tuple[str, dict[str, Any]]) -> None:
    """Whatever a field holds, the client hears what is wrong with it; no 500."""
    path, body = told

    assert_is_documented(asked.post(path, orjson.dumps(body)))


@given(st.sampled_from(sorted(GOOD)), ANYTHING)
@searching(60)
def test_any_json_is_answered(asked: Asked, path: str, body: Any) -> None:
    """A body need not even be an object."""
    assert_is_documented(asked.post(path, orjson.dumps(body)))


@given(st.sampled_from(sorted(GOOD)), st.binary(max_size=60))
@example("/v1/embeddings", b"\xef\xbb\xbf{}")
@searching(60)
def test_any_bytes_are_answered(asked: Asked, path: str, body: bytes) -> None:
    """Nor need it be JSON."""
    assert asked.post(path, body).status_code == httpx.codes.BAD_REQUEST
