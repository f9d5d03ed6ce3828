from typing import Any

import orjson
import pytest

from emulator.containers.messages import Messages
from emulator.endpoints import MessagesEndpoint
from tests.emulator.containers.asking import ask, complaint, document, records

CHAT = Messages(MessagesEndpoint(kind="messages"))
FIXED = Messages(MessagesEndpoint(kind="messages", reply="one two three four", context_length=50))
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CLOCK = {"type": "function", "function": {"name": "clock"}}


def body(text: str = "Hello", **more: Any) -> dict[str, Any]:
    """A request with one user message."""
    return {"messages": [{"role": "user", "content": text}], **more}


def test_answer() -> None:
    """The answer is a chat completion that quotes prompt, parameters and component."""
    answer = document(CHAT, body(model="m", temperature=0), "part")
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "m"
    (choice,) = answer["choices"]
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"] == (
        " You said: “Hello”.\nÇa va, 世界? 🌍\ntemperature=0\ncomponent: part"
    )
    assert choice["finish_reason"] == "stop"
    usage = answer["usage"]
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]


@pytest.mark.parametrize(
    ("more", "text", "reason"),
    [
        ({}, "one two three four", "stop"),
        ({"max_tokens": 2}, "one two", "length"),
        ({"max_completion_tokens": 3, "max_tokens": 2}, "one two three", "length"),
        ({"max_tokens": 4}, "one two three four", "stop"),
        ({"stop": " three"}, "one two", "stop"),
        ({"stop": ["x", "e"]}, "on", "stop"),
    ],
)
def test_ends(more: dict[str, Any], text: str, reason: str) -> None:
    """Text and reason agree between the plain and the streamed answer; stop texts are left out."""
    (choice,) = document(FIXED, body(**more))["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (text, reason)
    chunks = records(FIXED, body(stream=True, **more))[:-1]
    deltas = [each["choices"][0]["delta"].get("content", "") for each in chunks]
    assert "".join(deltas) == text
    assert chunks[-1]["choices"][0]["finish_reason"] == reason


def test_stream_order() -> None:
    """Role first, then text, then the reason, then usage when asked for, then `[DONE]`."""
    stream = records(FIXED, body(stream=True, stream_options={"include_usage": True}))
    assert stream[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert stream[-3]["choices"][0]["finish_reason"] == "stop"
    assert stream[-2]["choices"] == []
    assert stream[-2]["usage"]["completion_tokens"] == 4
    assert stream[-1] == "[DONE]"
    assert len({each["id"] for each in stream[:-1]}) == 1


def test_no_usage_unless_asked() -> None:
    """A stream tells no usage that nobody asked for."""
    assert all("usage" not in each for each in records(FIXED, body(stream=True)))


def test_json_lines() -> None:
    """With JSON lines each chunk is a line, and there is no `[DONE]`."""
    container = Messages(MessagesEndpoint(kind="messages", framing="jsonlines", reply="hi"))
    _, content_type, chunks = ask(container, body(stream=True))
    assert content_type == "application/jsonlines"
    assert all(chunk.endswith(b"\n") for chunk in chunks)
    assert orjson.loads(chunks[-1])["choices"][0]["finish_reason"] == "stop"


def test_several_choices() -> None:
    """`n` choices differ, and take turns in a stream."""
    texts = [each["message"]["content"] for each in document(CHAT, body(n=2))["choices"]]
    assert texts[1] == f"{texts[0].replace('n=1', 'n=2')}\n(choice 1)"
    order = [each["choices"][0]["index"] for each in records(CHAT, body(n=2, stream=True))[:6]]
    assert order == [0, 1, 0, 1, 0, 1]


def test_log_probabilities() -> None:
    """Log probabilities come when asked for, with as many alternatives as asked for."""
    (choice,) = document(FIXED, body(logprobs=True, top_logprobs=2))["choices"]
    assert [each["token"] for each in choice["logprobs"]["content"]] == [
        "one",
        " two",
        " three",
        " four",
    ]
    assert {len(each["top_logprobs"]) for each in choice["logprobs"]["content"]} == {2}
    streamed = records(FIXED, body(logprobs=True, stream=True))
    assert streamed[1]["choices"][0]["logprobs"]["content"][0]["token"] == "one"


@pytest.mark.parametrize(
    ("text", "more", "names"),
    [
        ("call the tool", {}, ["weather"]),
        ("please CALL THE TOOLS", {}, ["weather", "clock"]),
        ("hi", {"tool_choice": "required"}, ["weather"]),
        ("hi", {"tool_choice": {"type": "function", "function": {"name": "clock"}}}, ["clock"]),
        ("call the tool", {"tool_choice": "none"}, []),
        ("hi", {}, []),
    ],
)
def test_tool_calls(text: str, more: dict[str, Any], names: list[str]) -> None:
    """Tools are called when the message asks or the choice forces it, streamed or not."""
    wanted = body(text, tools=[WEATHER, CLOCK], **more)
    (choice,) = document(CHAT, wanted)["choices"]
    calls = choice["message"]["tool_calls"]
    assert [each["function"]["name"] for each in calls] == names
    assert choice["finish_reason"] == ("tool_calls" if names else "stop")
    assert (choice["message"]["content"] is None) == bool(names)
    assert _streamed_calls(records(CHAT, {**wanted, "stream": True})) == [
        (each["function"]["name"], each["function"]["arguments"]) for each in calls
    ]


def _streamed_calls(chunks: list[Any]) -> list[tuple[str, str]]:
    """Names and joined arguments of the calls in a stream, by index."""
    names: dict[int, str] = {}
    arguments: dict[int, str] = {}
    for chunk in chunks[:-1]:
        for call in chunk["choices"][0]["delta"].get("tool_calls", ()):
            place, function = call["index"], call["function"]
            names.setdefault(place, function.get("name", ""))
            arguments[place] = arguments.get(place, "") + function["arguments"]
    return [(names[place], arguments[place]) for place in names]


@pytest.mark.parametrize(
    ("choice", "status"),
    [({}, 400), ({"tool_choice": "auto"}, 400), ({"tool_choice": "none"}, 200)],
)
def test_without_automatic_tools(choice: dict[str, Any], status: int) -> None:
    """A server started without a tool parser refuses automatic tools, naming its two options."""
    container = Messages(MessagesEndpoint(kind="messages", tools=False))
    answered, content = complaint(container, body("call the tool", tools=[CLOCK], **choice))
    assert answered == status
    options = "requires --enable-auto-tool-choice and --tool-call-parser to be set"
    assert (status == 400) == (options in str(content))
    assert document(container, body())["choices"]


def test_forced_tools_need_no_parser() -> None:
    """A tool that the request forces is called by a server without a tool parser as well."""
    container = Messages(MessagesEndpoint(kind="messages", tools=False))
    forced = {"type": "function", "function": {"name": "clock"}}
    (choice,) = document(container, body(tools=[CLOCK], tool_choice=forced))["choices"]
    assert choice["finish_reason"] == "tool_calls"


def test_no_call_after_a_tool_result() -> None:
    """A tool's result is answered with text, even when it repeats the magic words."""
    messages = [
        {"role": "user", "content": "call the tool"},
        {"role": "tool", "tool_call_id": "1", "content": "you said call the tool"},
    ]
    (choice,) = document(CHAT, {"messages": messages, "tools": [WEATHER]})["choices"]
    assert "you said call the tool" in choice["message"]["content"]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning(field: Any) -> None:
    """Reasoning comes when the message asks for it, under the configured name, before the text."""
    container = Messages(MessagesEndpoint(kind="messages", reasoning_field=field))
    (choice,) = document(container, body("Think first, then answer"))["choices"]
    assert "Thinking" in choice["message"][field]
    deltas = [
        each["choices"][0]["delta"]
        for each in records(container, body("Think first", stream=True))[:-1]
    ]
    kinds = [next(iter(delta)) for delta in deltas]
    assert kinds.index(field) < kinds.index("content")
    assert document(container, body())["choices"][0]["message"][field] is None


def test_response_formats() -> None:
    """Structured answers fit what was asked for."""
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    (choice,) = document(CHAT, body(response_format=wanted))["choices"]
    assert orjson.loads(choice["message"]["content"]) == {"ok": True}
    (choice,) = document(CHAT, body(response_format={"type": "json_object"}))["choices"]
    assert orjson.loads(choice["message"]["content"]) == {"said": "Hello"}


def test_content_parts() -> None:
    """Of a content list the text parts are read and the others passed over."""
    content = [{"type": "text", "text": "A"}, {"type": "image_url"}, {"type": "text", "text": "B"}]
    answer = document(CHAT, {"messages": [{"role": "user", "content": content}]})
    assert "“AB”" in answer["choices"][0]["message"]["content"]


def test_whole_document() -> None:
    """A container that ignores `stream` answers with one document."""
    container = Messages(MessagesEndpoint(kind="messages", whole_document=True))
    assert document(container, body(stream=True))["object"] == "chat.completion"


@pytest.mark.parametrize(
    ("raw", "status", "text"),
    [
        (b"{", 400, "Invalid JSON"),
        ({}, 400, "Field required"),
        ({"messages": []}, 400, "Field required"),
        (body(temperature=-1), 400, "temperature must be non-negative, got -1."),
        (body(temperature="x"), 400, "float_parsing"),
        (body(top_p=0), 400, "top_p must be in (0, 1], got 0."),
        (body(n=0), 400, "n must be at least 1, got 0."),
        (body(max_tokens=60), 400, "This model's maximum context length is 50 tokens."),
        (body(tools=["x"]), 400, "tools.0"),
    ],
)
def test_refusals(raw: Any, status: int, text: str) -> None:
    """Requests that vLLM refuses are refused in its words."""
    answered, content = complaint(FIXED, raw)
    assert answered == status
    assert text in orjson.dumps(content).decode()


@pytest.mark.parametrize(
    ("model", "status"), [("mine", 200), ("", 200), (None, 200), ("demo-chat", 404)]
)
def test_served_model(model: str | None, status: int) -> None:
    """With a served model every other name is a 404, but none at all is not."""
    container = Messages(MessagesEndpoint(kind="messages", served_model="mine"))
    answered, content = complaint(container, body(model=model))
    assert answered == status
    assert (status == 404) == ("does not exist" in str(content))
