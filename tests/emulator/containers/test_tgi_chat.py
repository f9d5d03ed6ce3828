from typing import Any

import pytest

from emulator.containers.tgi import Tgi
from emulator.endpoints import TgiEndpoint
from tests.emulator.containers.asking import complaint, document, records

ALL = Tgi(TgiEndpoint(kind="tgi", flavour="all", reply="one two"))
OLD = Tgi(TgiEndpoint(kind="tgi", flavour="messages", reply="one two"))
CHAT = {"messages": [{"role": "user", "content": "Hello"}]}
TEXT = {"prompt": "Hello"}
INPUTS = {"inputs": "Hello"}


@pytest.mark.parametrize(
    ("body", "kind"), [(CHAT, "chat.completion"), (TEXT, "text_completion"), (INPUTS, None)]
)
def test_three_bodies(body: dict[str, Any], kind: str | None) -> None:
    """TGI 3 takes chat, completion and its own bodies, each answered in its own form."""
    answer = document(ALL, body)
    assert kind == (None if isinstance(answer, list) else answer["object"])


def test_order_of_bodies() -> None:
    """`inputs` wins over `messages`, which wins over `prompt`."""
    assert document(ALL, {**INPUTS, **CHAT, **TEXT})[0]["generated_text"] == "one two"
    assert document(ALL, {**CHAT, **TEXT})["object"] == "chat.completion"


@pytest.mark.parametrize(
    ("container", "raw", "status", "text"),
    [
        (ALL, {}, 422, "did not match any variant of untagged enum SagemakerRequest"),
        (ALL, {**CHAT, "top_p": 2}, 422, "Input validation error: top_p must be in (0, 1]"),
        (ALL, {**TEXT, "suffix": "x"}, 422, "Input validation error: suffix is not"),
        (ALL, {"prompt": [1, 2]}, 422, "did not match any variant of untagged enum"),
        (ALL, {"prompt": 7}, 422, "did not match any variant of untagged enum"),
        (ALL, {"inputs": 1}, 422, "missing field `inputs`"),
        (OLD, INPUTS, 422, "'messages'"),
        (OLD, TEXT, 422, "'messages'"),
        (OLD, {**CHAT, "n": 0, "stream": True}, 422, "n must be at least 1"),
    ],
)
def test_refusals(container: Tgi, raw: Any, status: int, text: str) -> None:
    """Refusals have TGI's form; a release started for chat takes nothing else."""
    answered, content = complaint(container, raw)
    assert (answered, content["error_type"]) == (status, "validation")
    assert text in content["error"]


def test_new_streams() -> None:
    """TGI 3 streams chats as OpenAI does."""
    *chunks, done = records(ALL, {**CHAT, "stream": True})
    assert {each["object"] for each in chunks} == {"chat.completion.chunk"}
    assert all(each["id"] for each in chunks)
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert done == "[DONE]"


def test_old_streams() -> None:
    """Older releases have another object's name, no id, the role each time and TGI's reasons."""
    *chunks, done = records(OLD, {**CHAT, "stream": True})
    assert {(each["object"], each["id"]) for each in chunks} == {("text_completion", "")}
    deltas = [each["choices"][0]["delta"] for each in chunks]
    assert {each["role"] for each in deltas} == {"assistant"}
    assert "".join(each["content"] for each in deltas) == "one two"
    assert chunks[-1]["choices"][0]["finish_reason"] == "eos_token"
    assert done == "[DONE]"


def test_old_streams_cut_short() -> None:
    """Reasons other than the end of the text are the same in older releases."""
    chunks = records(OLD, {**CHAT, "stream": True, "max_tokens": 1})[:-1]
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"


def test_old_whole_answers() -> None:
    """The quirks are those of streams only."""
    assert document(OLD, CHAT)["object"] == "chat.completion"
    whole = Tgi(TgiEndpoint(kind="tgi", flavour="messages", whole_document=True))
    assert document(whole, {**CHAT, "stream": True})["object"] == "chat.completion"
