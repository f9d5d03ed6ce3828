"""LangChain's OpenAI classes against the running gateway."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway

ChatFor = Callable[..., ChatOpenAI]


class City(BaseModel):
    """A city."""

    name: str
    people: int


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


@pytest.fixture
def chat_for(gateway: Gateway) -> ChatFor:
    """Makes a chat model as LangChain's page shows it."""

    def build(model: str, **more: Any) -> ChatOpenAI:
        return ChatOpenAI(
            model=model,
            base_url=f"{gateway.url}/v1",
            api_key=SecretStr("x"),
            max_retries=0,
            **more,
        )

    return build


@pytest.mark.parametrize("model", ["tgi-hostile", "chat-hostile"])
def test_invoke_and_stream(chat_for: ChatFor, model: str) -> None:
    """`invoke` and `stream` give the same text; metadata names model, finish and tokens."""
    chat = chat_for(model, stream_usage=True)

    answer = chat.invoke("Where is Köln?")
    parts = list(chat.stream("Where is Köln?"))

    assert answer.content == serving.HOSTILE
    assert "".join(str(part.content) for part in parts) == serving.HOSTILE
    assert answer.response_metadata["finish_reason"] == "stop"
    assert answer.usage_metadata is not None
    assert any(part.usage_metadata for part in parts)


async def test_asynchronous(chat_for: ChatFor) -> None:
    """`ainvoke`, `astream` and `abatch` work as well."""
    chat = chat_for("chat-hostile")

    answer = await chat.ainvoke("x")
    parts = [str(part.content) async for part in chat.astream("x")]
    batch = await chat.abatch(["a", "b", "c"])

    assert answer.content == "".join(parts) == serving.HOSTILE
    assert [each.content for each in batch] == [serving.HOSTILE] * 3


def test_tools(chat_for: ChatFor) -> None:
    """Bound tools are called, whole and streamed."""
    chat = chat_for("chat").bind_tools([weather])

    answer = chat.invoke("Call the tool")
    parts = [getattr(part, "tool_call_chunks", []) for part in chat.stream("Call the tool")]

    assert [(call["name"], call["args"]) for call in answer.tool_calls] == [
        ("weather", {"city": "text"})
    ]
    assert "".join(each["args"] or "" for part in parts for each in part) == '{"city":"text"}'


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output(chat_for: ChatFor, method: Any) -> None:
    """Structured output parses into the caller's own class."""
    structured = chat_for("chat").with_structured_output(City, method=method)

    assert structured.invoke("Which city?") == City(name="text", people=1)


def test_provider_parameters(chat_for: ChatFor, emulated: Emulated) -> None:
    """`extra_body` carries the container's own parameters."""
    chat_for("tgi", extra_body={"top_k": 1}, max_completion_tokens=9).invoke("x")

    assert emulated.body()["parameters"] == {"max_new_tokens": 9, "top_k": 1}


def test_embeddings(gateway: Gateway, emulated: Emulated) -> None:
    """Documents and queries are embedded; equal texts have equal vectors."""
    settings: dict[str, Any] = {"base_url": f"{gateway.url}/v1", "api_key": SecretStr("x")}
    embeddings = OpenAIEmbeddings(
        model="embed",
        check_embedding_ctx_length=False,  # its own token count would be downloaded
        **settings,
    )

    rows = embeddings.embed_documents(["one", "two"])
    query = embeddings.embed_query("two")

    assert [len(row) for row in rows] == [8, 8]
    assert query == pytest.approx(rows[1])
    assert emulated.operations() == ["invoke", "invoke"]
