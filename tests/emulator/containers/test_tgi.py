from typing import Any

import pytest

from emulator.containers.tgi import Tgi
from emulator.endpoints import TgiEndpoint
from tests.emulator.containers.asking import ask, complaint, document, records

TGI = Tgi(TgiEndpoint(kind="tgi"))
FIXED = Tgi(TgiEndpoint(kind="tgi", reply="one two three four", context_length=50))


def body(**parameters: Any) -> dict[str, Any]:
    """A request with these parameters."""
    return {"inputs": "Hello", "parameters": parameters}


def test_answer_is_a_list() -> None:
    """The answer is a list with one text, without details unless asked."""
    (answer,) = document(TGI, body(temperature=0.5), "part")
    assert answer == {
        "generated_text": " You said: “Hello”.\nÇa va, 世界? 🌍\ntemperature=0.5\ncomponent: part"
    }


@pytest.mark.parametrize(
    ("parameters", "text", "reason", "count"),
    [
        ({}, "one two three four", "eos_token", 5),
        ({"max_new_tokens": 2}, "one two", "length", 2),
        ({"max_new_tokens": 4}, "one two three four", "length", 4),
        ({"max_new_tokens": 5}, "one two three four", "eos_token", 5),
        ({"stop": ["thr", "four"]}, "one two thr", "stop_sequence", 3),
        ({"max_new_tokens": 2, "stop": ["four"]}, "one two", "length", 2),
    ],
)
def test_ends(parameters: dict[str, Any], text: str, reason: str, count: int) -> None:
    """Text, reason and count agree between the plain and the streamed answer; eos is a token."""
    wanted = body(**{"details": True, "max_new_tokens": 20, **parameters})
    (answer,) = document(FIXED, wanted)
    streamed = records(FIXED, {**wanted, "stream": True})
    details = answer["details"]
    assert (answer["generated_text"], details["finish_reason"]) == (text, reason)
    assert details["generated_tokens"] == len(details["tokens"]) == count
    closing = streamed[-1]["details"]
    assert (closing["finish_reason"], closing["generated_tokens"]) == (reason, count)
    assert streamed[-1]["generated_text"] == text
    plain = (each["token"] for each in streamed)
    assert "".join(token["text"] for token in plain if not token["special"]) == text
    assert all(each["details"] is None for each in streamed[:-1])


def test_prompt_echo() -> None:
    """`return_full_text` puts the prompt in front of the text, streamed or not."""
    wanted = body(return_full_text=True, max_new_tokens=3)
    (answer,) = document(FIXED, wanted)
    assert answer["generated_text"] == "Helloone two three"
    assert records(FIXED, {**wanted, "stream": True})[-1]["generated_text"] == "Helloone two three"


def test_echoing() -> None:
    """An endpoint that echoes begins whole answers with the prompt unless asked not to."""
    container = Tgi(TgiEndpoint(kind="tgi", echoes=True, reply="one"))
    assert document(container, body())[0]["generated_text"] == "Helloone"
    assert document(container, body(return_full_text=False))[0]["generated_text"] == "one"
    assert records(container, {**body(), "stream": True})[-1]["generated_text"] == "one"


def test_token_details() -> None:
    """Prefill and alternatives come when asked for, as many as asked for."""
    wanted = body(details=True, decoder_input_details=True, top_n_tokens=2, max_new_tokens=3)
    (answer,) = document(FIXED, wanted)
    assert answer["details"]["prefill"][0]["logprob"] is None
    assert [len(each) for each in answer["details"]["top_tokens"]] == [2, 2, 2]
    streamed = records(FIXED, {**wanted, "stream": True})
    assert {len(each["top_tokens"]) for each in streamed} == {2}


def test_grammar() -> None:
    """A JSON grammar is kept to."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    (answer,) = document(TGI, body(grammar={"type": "json", "value": schema}))
    assert answer["generated_text"] == '{"city":"text"}'


def test_whole_document() -> None:
    """An endpoint that can't stream by itself answers a streaming body with one document."""
    container = Tgi(TgiEndpoint(kind="tgi", whole_document=True))
    _, content_type, chunks = ask(container, {**body(), "stream": True})
    assert content_type == "application/json"
    assert len(chunks) == 1


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"temperature": 0}, "Input validation error: `temperature` must be strictly positive"),
        ({"top_p": 1.1}, "Input validation error: `top_p` must be > 0.0 and < 1.0"),
        ({"top_k": 0}, "Input validation error: `top_k` must be strictly positive"),
        ({"best_of": 3}, "Input validation error: `best_of` must be > 0 and <= 2"),
        ({"frequency_penalty": 3}, "must be >= -2.0 and <= 2.0"),
        ({"top_n_tokens": 6}, "`top_n_tokens` must be >= 0 and <= 5"),
        ({"stop": list("abcde")}, "`stop` supports up to 4 stop sequences. Given: 5"),
        ({"max_new_tokens": 50}, "`inputs` tokens + `max_new_tokens` must be <= 50. Given: 1 `inp"),
        ({"temperature": "hot"}, "parameters.temperature: invalid type"),
        ({"stop": "x"}, "parameters.stop: invalid type"),
    ],
)
def test_limits(parameters: dict[str, Any], text: str) -> None:
    """Values outside TGI's limits are a 422 in TGI's words."""
    status, error = complaint(FIXED, body(**parameters))
    assert (status, error["error_type"]) == (422, "validation")
    assert text in error["error"]


@pytest.mark.parametrize(
    ("raw", "status", "text"),
    [
        (b"{", 400, "Failed to parse the request body as JSON"),
        ({"messages": []}, 422, "missing field `inputs`"),
        ({"inputs": ""}, 422, "Input validation error: `inputs` cannot be empty"),
        ({"inputs": "x", "parameters": []}, 200, ""),
        ({"inputs": "x", "parameters": [1]}, 422, "expected struct GenerateParameters"),
    ],
)
def test_bodies(raw: Any, status: int, text: str) -> None:
    """Bodies that TGI can't read are refused in its words."""
    answered, content = complaint(TGI, raw)
    assert answered == status
    assert text in str(content)
