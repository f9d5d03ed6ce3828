from typing import Any

import orjson
import pytest

from emulator.containers.llama2 import Llama2
from emulator.endpoints import Llama2Endpoint
from tests.emulator.containers.asking import ask, complaint, document, records

ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


def llama2(**settings: Any) -> Llama2:
    """A container whose licence needs no accepting, unless told otherwise."""
    return Llama2(Llama2Endpoint(kind="llama2", **{"needs_eula": False, **settings}))


CHAT = llama2(reply=" one two three")
BASE = llama2(chat=False, reply=" one two three")
DIALOG = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
BODY = {"inputs": [DIALOG]}


def test_chat() -> None:
    """Each dialog gets a message of the assistant."""
    message = {"generation": {"role": "assistant", "content": " one two three"}}
    assert document(CHAT, BODY) == [message]
    assert document(CHAT, {"inputs": [DIALOG, DIALOG]}) == [message, message]


def test_base() -> None:
    """A base model takes text and gives text, with the prompt in front when asked."""
    assert document(BASE, {"inputs": "Hi"}) == [{"generation": " one two three"}]
    assert len(document(BASE, {"inputs": ["Hi", "Ho"]})) == 2
    full = {"inputs": "Hi", "parameters": {"return_full_text": True}}
    assert document(BASE, full) == [{"generation": "Hi one two three"}]


def test_parameters() -> None:
    """The length is kept to; stop texts and seeds are unknown and do nothing."""
    wanted = {**BODY, "parameters": {"max_new_tokens": 2, "stop": ["one"], "seed": 1}}
    assert document(CHAT, wanted)[0]["generation"]["content"] == " one two"
    text = document(llama2(), wanted | {"parameters": {"top_p": 0.5, "seed": 1}})
    assert "top_p=0.5" in text[0]["generation"]["content"]
    assert "seed" not in text[0]["generation"]["content"]


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        (None, 424),
        ("", 424),
        ("accept_eula=false", 424),
        ("accept_eula=true", 200),
        ("c=1, accept_eula=true", 200),
        ("c=1;accept_eula=true", 200),
    ],
)
def test_licence(attributes: str | None, status: int) -> None:
    """Without `accept_eula=true` among the custom attributes the request is refused."""
    headers = {} if attributes is None else {ATTRIBUTES: attributes}
    answered, _, chunks = ask(llama2(needs_eula=True), BODY, headers=headers)
    assert answered == status
    assert (status == 424) == (b"Need to pass custom_attributes='accept_eula=true'" in chunks[0])


def test_whole_answers_unless_it_can_stream() -> None:
    """`stream` in a body is passed over by a container that can't stream, as by default."""
    assert Llama2Endpoint(kind="llama2").streaming is False
    assert document(CHAT, {**BODY, "stream": True}) == document(CHAT, BODY)
    wilful = llama2(streaming=True, whole_document=True, reply="x")
    assert document(wilful, {**BODY, "stream": True})[0]["generation"]["content"] == "x"


def test_stream() -> None:
    """A container that can stream gives JSON lines of increments."""
    container = llama2(streaming=True, reply=" one two three")
    _, content_type, _ = ask(container, {**BODY, "stream": True})
    assert content_type == "application/jsonlines"
    assert records(container, {**BODY, "stream": True}) == [
        {"generation": " one"},
        {"generation": " two"},
        {"generation": " three"},
    ]


def test_answers_are_cut_to_the_context() -> None:
    """Of an answer there is as much as fits behind the prompt."""
    container = llama2(chat=False, context_length=4, reply=" one two three")
    assert document(container, {"inputs": "a b"}) == [{"generation": " one two"}]
    assert document(container, {"inputs": "a b c d"}) == [{"generation": ""}]


@pytest.mark.parametrize(
    ("container", "inputs", "text"),
    [
        (CHAT, "Hi", "inputs must be a list of dialogs"),
        (CHAT, DIALOG, "inputs must be a list of dialogs"),
        (CHAT, [[{"role": "user"}]], "a message has a role and a content"),
        (CHAT, [[]], "Last message must be from user, got None"),
        (CHAT, [DIALOG[:1]], "Last message must be from user, got system"),
        (
            CHAT,
            [[*DIALOG, {"role": "assistant", "content": "x"}]],
            "Last message must be from user, got assistant",
        ),
        (CHAT, [[*DIALOG, DIALOG[1]]], "alternating (u/a/u/a/u...)"),
        (CHAT, [[{"role": "tool", "content": "x"}]], "model only supports 'system', 'user'"),
        (BASE, [DIALOG], "inputs must be text"),
        (llama2(chat=False, context_length=3), "word " * 9, "exceeds 3"),
    ],
)
def test_refusals(container: Llama2, inputs: Any, text: str) -> None:
    """What the reference code refuses is a 424 with its text, as a failed prediction."""
    status, content = complaint(container, {"inputs": inputs})
    assert (status, content["code"], content["message"]) == (424, 424, "prediction failure")
    assert text in orjson.dumps(content).decode()
