"""The official `openai` package against the running gateway: what its users do."""

from collections.abc import Iterator
from typing import Any, cast

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway

ASK: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Where is Köln?"}]
TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        },
    },
}


@pytest.fixture(params=["/v1", "", "/v1/"])
def base_url(request: pytest.FixtureRequest, gateway: Gateway) -> str:
    """The spellings that users give."""
    return gateway.url + cast("str", request.param)


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    """A client that does not retry."""
    with openai.OpenAI(api_key="x", base_url=f"{gateway.url}/v1", max_retries=0) as client:
        yield client


def test_with_and_without_v1(base_url: str) -> None:
    """`base_url` works with and without `/v1`."""
    with openai.OpenAI(api_key="x", base_url=base_url, max_retries=0) as client:
        answer = client.chat.completions.create(model="chat", messages=ASK)
        assert "Köln" in (answer.choices[0].message.content or "")
        assert "chat" in [model.id for model in client.models.list()]
        assert len(client.embeddings.create(model="embed", input="x").data) == 1


def test_answer_and_its_headers(client: openai.OpenAI) -> None:
    """The parsed answer is typed and complete; the raw one carries ids of ours and of AWS."""
    raw = client.chat.completions.with_raw_response.create(
        model="chat", messages=ASK, extra_headers={"x-litellm-call-id": "my-call-1"}
    )
    answer = raw.parse()

    assert answer.object == "chat.completion"
    assert answer.model == "chat"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert raw.headers["x-litellm-call-id"] == "my-call-1"
    assert answer._request_id == "my-call-1"  # noqa: SLF001 - documented as public


@pytest.mark.parametrize("model", ["tgi", "chat", "lines"])
def test_stream(client: openai.OpenAI, model: str) -> None:
    """A stream gives typed chunks; joined they are the whole answer; the usage comes last."""
    whole = client.chat.completions.create(model=model, messages=ASK)
    stream = client.chat.completions.create(
        model=model, messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []


def test_stream_helper(client: openai.OpenAI) -> None:
    """The package's own accumulator rebuilds the whole completion from the stream."""
    with client.chat.completions.stream(
        model="chat", messages=[{"role": "user", "content": "Call the tool"}], tools=[TOOL]
    ) as stream:
        final = stream.get_final_completion()

    calls = final.choices[0].message.tool_calls
    assert final.choices[0].finish_reason == "tool_calls"
    assert calls is not None
    assert calls[0].function.name == "weather"
    assert calls[0].function.arguments == '{"city":"text","days":1}'


def test_with_streaming_response(client: openai.OpenAI) -> None:
    """The raw lines of a stream can be read as they come; the last is the end mark."""
    with client.chat.completions.with_streaming_response.create(
        model="tgi", messages=ASK, stream=True
    ) as response:
        lines = [line for line in response.iter_lines() if line]

    assert response.headers["content-type"].startswith("text/event-stream")
    assert lines[-1] == "data: [DONE]"


async def test_asynchronous(gateway: Gateway) -> None:
    """The asynchronous client: whole, streamed, embedded, listed."""
    url = f"{gateway.url}/v1"
    async with openai.AsyncOpenAI(api_key="x", base_url=url, max_retries=0) as client:
        whole = await client.chat.completions.create(model="chat-hostile", messages=ASK)
        stream = await client.chat.completions.create(
            model="chat-hostile", messages=ASK, stream=True
        )
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        rows = await client.embeddings.create(model="embed", input=["a", "b"])
        names = [model.id async for model in client.models.list()]

    assert text == whole.choices[0].message.content == serving.HOSTILE
    assert len(rows.data) == 2
    assert names == [entry["model_name"] for entry in serving.MODELS]


def test_tools(client: openai.OpenAI, emulated: Emulated) -> None:
    """Tools pass untouched; the call comes back typed; its result goes in again."""
    ask: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Call the tool, please"}]
    answer = client.chat.completions.create(
        model="chat", messages=ask, tools=[TOOL], parallel_tool_calls=False
    )
    message = answer.choices[0].message
    assert message.tool_calls is not None
    call = message.tool_calls[0]
    assert emulated.body()["tools"] == [TOOL]

    history = [*ask, cast("ChatCompletionMessageParam", message.to_dict())]
    history.append({"role": "tool", "tool_call_id": call.id, "content": "sunny"})
    final = client.chat.completions.create(model="chat", messages=history, tools=[TOOL])

    assert "sunny" in (final.choices[0].message.content or "")
    sent = emulated.requests()[-1]["body"]
    assert call.id in sent


def test_logprobs_and_choices(client: openai.OpenAI) -> None:
    """`logprobs` and `n` of a chat container arrive typed."""
    answer = client.chat.completions.create(
        model="chat", messages=ASK, logprobs=True, top_logprobs=2, n=2
    )

    assert [choice.index for choice in answer.choices] == [0, 1]
    for choice in answer.choices:
        assert choice.logprobs is not None
        assert choice.logprobs.content is not None
        joined = "".join(token.token for token in choice.logprobs.content)
        assert joined == choice.message.content
        assert len(choice.logprobs.content[0].top_logprobs) == 2


def test_two_choices_of_a_text_container(client: openai.OpenAI, emulated: Emulated) -> None:
    """`n: 2` gives two choices where the container knows none (compat A8)."""
    answer = client.chat.completions.create(model="tgi", messages=ASK, n=2)

    assert [choice.index for choice in answer.choices] == [0, 1]
    assert emulated.operations() == ["invoke", "invoke"]


def test_embeddings_unasked_base64(client: openai.OpenAI, emulated: Emulated) -> None:
    """The package asks for base64 on its own; the numbers are those of `float` (compat D37)."""
    packed = client.embeddings.create(model="embed", input=["one", "two"])
    plain = client.embeddings.create(model="embed", input=["one", "two"], encoding_format="float")

    assert len(packed.data) == len(plain.data) == 2
    for ours, other in zip(packed.data, plain.data, strict=True):
        assert ours.embedding == pytest.approx(other.embedding, rel=1e-6)
    assert emulated.operations() == ["invoke", "invoke"]


def test_models(client: openai.OpenAI) -> None:
    """Models are listed in the file's order and can be asked for one by one, slashes included."""
    listed = client.models.list().data

    assert [model.id for model in listed] == [entry["model_name"] for entry in serving.MODELS]
    assert {(model.object, model.owned_by) for model in listed} == {("model", "sagemaker")}
    for name in ("chat", "org/slashed name", "模型"):
        assert client.models.retrieve(name) == next(each for each in listed if each.id == name)


@pytest.mark.parametrize("name", ["org/slashed name", "模型"])
def test_names_of_any_kind_answer(client: openai.OpenAI, name: str) -> None:
    """A public name is the operator's choice: spaces, slashes and other scripts answer."""
    answer = client.chat.completions.create(model=name, messages=ASK)
    stream = client.chat.completions.create(model=name, messages=ASK, stream=True)

    assert answer.model == name
    assert {chunk.model for chunk in stream} == {name}


@pytest.mark.parametrize("name", ["chat", "org/slashed name", "模型"])
def test_azure_client(gateway: Gateway, name: str) -> None:
    """The package's Azure client reaches `/openai/deployments/{model}/…`, whatever the name."""
    with openai.AzureOpenAI(
        api_key="x", azure_endpoint=gateway.url, api_version="2024-10-21", max_retries=0
    ) as client:
        answer = client.chat.completions.create(model=name, messages=ASK)
        stream = client.chat.completions.create(model=name, messages=ASK, stream=True)

        assert answer.model == name
        assert len(list(stream)) > 3


@pytest.mark.parametrize("path", ["/engines/{}", "/v1/engines/{}", "/openai/deployments/{}"])
@pytest.mark.parametrize("name", ["chat", "org/slashed name"])
def test_paths_that_name_the_model(gateway: Gateway, path: str, name: str) -> None:
    """The path's model wins over the body's, on chat and on embeddings."""
    body: dict[str, Any] = {"model": "no-such-model", "messages": ASK}

    answer = gateway.post(path.format(name) + "/chat/completions", body)
    rows = gateway.post(path.format("embed") + "/embeddings", {"input": "x"})

    assert answer.json()["model"] == name
    assert rows.json()["model"] == "embed"


def test_structured_output(client: openai.OpenAI, emulated: Emulated) -> None:
    """`response_format` passes untouched and its answer parses."""
    answer = client.chat.completions.create(
        model="chat",
        messages=ASK,
        response_format={
            "type": "json_schema",
            "json_schema": {
                "name": "city",
                "schema": {"type": "object", "properties": {"name": {"type": "string"}}},
            },
        },
    )

    assert answer.choices[0].message.content == '{"name":"text"}'
    assert emulated.body()["response_format"]["json_schema"]["name"] == "city"


def test_a_client_that_gives_up(gateway: Gateway, emulated: Emulated) -> None:
    """The package's own timeout closes the connection, and with it the call to AWS."""
    emulated.fault("chat", "slow_first_byte", seconds=60, times=1)
    with (
        openai.OpenAI(
            api_key="x",
            base_url=gateway.url,
            max_retries=0,
            timeout=0.5,
        ) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        client.chat.completions.create(model="chat", messages=ASK)

    assert emulated.counts(open=0, cut=1)["cut"] == 1
