from typing import Any

import pytest

from emulator.containers.custom import Custom
from emulator.endpoints import CustomEndpoint
from tests.emulator.containers.asking import ask, complaint, document, records


def custom(shape: Any, **settings: Any) -> Custom:
    """A container with this shape that says two words."""
    return Custom(CustomEndpoint(kind="custom", shape=shape, **{"reply": "one two", **settings}))


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        ("generated_text", [{"generated_text": "one two"}]),
        ("object", {"generated_text": "one two"}),
        ("nested", [[{"generated_text": "one two"}]]),
        ("generated_texts", {"generated_texts": ["one two"]}),
        ("outputs", {"outputs": ["one two"]}),
        ("generation", {"generation": "one two"}),
        ("text", {"text": "one two"}),
        ("surprise", {"surprise": 1}),
    ],
)
def test_shapes(shape: str, answer: Any) -> None:
    """Each shape has its whole answer; one without increments is whole even when streamed."""
    assert document(custom(shape), {"inputs": "x"}) == answer
    if shape not in {"outputs", "generation", "surprise"}:
        assert document(custom(shape), {"inputs": "x", "stream": True}) == answer


@pytest.mark.parametrize("framing", ["jsonlines", "sse"])
@pytest.mark.parametrize(
    ("shape", "increments"),
    [
        ("outputs", [{"outputs": ["one"]}, {"outputs": [" two"]}]),
        ("generation", [{"generation": "one"}, {"generation": " two"}]),
        ("surprise", [{"surprise": 1}, {"surprise": 1}]),
    ],
)
def test_increments(shape: str, increments: list[Any], framing: str) -> None:
    """Shapes with increments are streamed in either framing, and nothing marks the end."""
    container = custom(shape, framing=framing)
    assert records(container, {"inputs": "x", "stream": True}) == increments
    whole = custom(shape, framing=framing, whole_document=True)
    assert ask(whole, {"inputs": "x", "stream": True})[1] == "application/json"


def test_chat_choices() -> None:
    """`choices` is a chat completion made of `inputs`, streamed as one."""
    container = custom("choices", framing="sse")
    wanted = {"inputs": "x", "parameters": {"max_new_tokens": 1}}
    (choice,) = document(container, wanted)["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("one", "length")
    *chunks, done = records(container, {**wanted, "stream": True})
    assert "".join(each["choices"][0]["delta"]["content"] for each in chunks) == "one"
    assert done == "[DONE]"


def test_text_choices() -> None:
    """`text_choices` is a text completion made of `inputs`, streamed as one."""
    container = custom("text_choices")
    (choice,) = document(container, {"inputs": "x", "parameters": {"stop": ["two"]}})["choices"]
    assert (choice["text"], choice["finish_reason"]) == ("one ", "stop")
    chunks = records(container, {"inputs": "x", "stream": True})
    assert "".join(each["choices"][0]["text"] for each in chunks) == "one two"


def test_parameters() -> None:
    """Length and stop texts are kept to; the prompt comes first where it is echoed."""
    body = {"inputs": "Hi, ", "parameters": {"stop": ["two"]}}
    assert document(custom("text"), body) == {"text": "one "}
    assert document(custom("text", default_max_new_tokens=1), {"inputs": "x"}) == {"text": "one"}
    echoing = custom("text", echoes=True)
    assert document(echoing, body) == {"text": "Hi, one "}
    quiet = {"inputs": "x", "parameters": {"return_full_text": False}}
    assert document(echoing, quiet) == {"text": "one two"}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"{", "unexpected end"),
        ({"prompt": "x"}, "'inputs'"),
        ({"inputs": ["x"]}, "inputs must be text"),
        ({"inputs": "x", "parameters": [1]}, "parameters an object"),
        ({"inputs": "x " * 9000}, "prompt and answer exceed 8192 tokens"),
    ],
)
def test_refusals(raw: Any, text: str) -> None:
    """What the handler trips over is a 400 in the form of the inference toolkit."""
    status, content = complaint(custom("text"), raw)
    assert (status, content["code"], content["type"]) == (400, 400, "InternalServerException")
    assert text in content["message"]
