from typing import Any

import pytest

from emulator.containers.lmi import Lmi
from emulator.endpoints import LmiEndpoint
from tests.emulator.containers.asking import ask, complaint, document, records


def lmi(**settings: Any) -> Lmi:
    """A container that says four words, unless told otherwise."""
    return Lmi(LmiEndpoint(kind="lmi", **{"reply": "one two three four", **settings}))


def body(**parameters: Any) -> dict[str, Any]:
    """A request with these parameters."""
    return {"inputs": "Hello", "parameters": parameters}


CHAT = {"messages": [{"role": "user", "content": "Hello"}]}
LMI = lmi()
COMPATIBLE = lmi(tgi_compat=True)


def test_answer_is_an_object() -> None:
    """The answer is an object with the text, and nothing else unless details are asked for."""
    assert document(LMI, body()) == {"generated_text": "one two three four"}


def test_details() -> None:
    """Details tell the reason, the count, the prompt, and the tokens with their `log_prob`."""
    details = document(LMI, body(details=True, max_new_tokens=2))["details"]
    assert details == {
        "finish_reason": "length",
        "generated_tokens": 2,
        "inputs": "Hello",
        "tokens": [
            {"id": 1001, "text": "one", "log_prob": -1 / 64},
            {"id": 1002, "text": " two", "log_prob": -2 / 64},
        ],
    }


def test_prefill() -> None:
    """The prompt's tokens come when they are asked for, streamed or not."""
    wanted = body(details=True, decoder_input_details=True)
    (token,) = document(LMI, wanted)["details"]["prefill"]
    assert token["text"] == "Hello"
    assert records(LMI, {**wanted, "stream": True})[-1]["details"]["prefill"] == [token]


@pytest.mark.parametrize(
    ("parameters", "text", "reason", "count"),
    [
        ({}, "one two three four", "eos_token", 5),
        ({"max_new_tokens": 3}, "one two three", "length", 3),
        ({"stop_sequences": ["three"]}, "one two ", "stop_sequence", 3),
        ({"stop_sequences": "two"}, "one ", "stop_sequence", 2),
        ({"stop_sequences": ["one"]}, "", "stop_sequence", 1),
        (
            {"stop_sequences": ["thr"], "include_stop_str_in_output": True},
            "one two thr",
            "stop_sequence",
            3,
        ),
        ({"stop": ["two"], "tools": [1]}, "one two three four", "eos_token", 5),
    ],
)
def test_ends(parameters: dict[str, Any], text: str, reason: str, count: int) -> None:
    """Text, reason and count agree between plain and streamed; unknown parameters do nothing."""
    wanted = body(details=True, **parameters)
    answer = document(LMI, wanted)
    streamed = records(LMI, {**wanted, "stream": True})
    assert answer["generated_text"] == streamed[-1]["generated_text"] == text
    assert "".join(each["token"]["text"] for each in streamed) == text
    for details in (answer["details"], streamed[-1]["details"]):
        assert (details["finish_reason"], details["generated_tokens"]) == (reason, count)
    assert all(set(each) == {"token"} for each in streamed[:-1])


def test_default_length() -> None:
    """Thirty tokens are generated when a request does not say."""
    container = lmi(reply="a " * 40)
    assert len(records(container, {"inputs": "x", "stream": True})) == 30


def test_json_lines() -> None:
    """Without settings each record is a line; the last has the text, but no details unasked."""
    _, content_type, chunks = ask(LMI, {**body(), "stream": True})
    assert content_type == "application/jsonlines"
    assert chunks[0] == b'{"token":{"id":1001,"text":"one","log_prob":-0.015625}}\n'
    assert set(records(LMI, {**body(), "stream": True})[-1]) == {"token", "generated_text"}


@pytest.mark.parametrize(
    ("settings", "content_type"),
    [
        ({"framing": "sse"}, "text/event-stream"),
        ({"tgi_compat": True}, "text/event-stream"),
        ({"tgi_compat": True, "framing": "jsonlines"}, "application/jsonlines"),
    ],
)
def test_framings(settings: dict[str, Any], content_type: str) -> None:
    """Events come when asked for, and with `tgi_compat` unless lines are asked for."""
    assert ask(lmi(**settings), {**body(), "stream": True})[1] == content_type


def test_tgi_compatibility() -> None:
    """With `tgi_compat` answers are lists with details, and tokens have TGI's `logprob`."""
    (answer,) = document(COMPATIBLE, body())
    assert answer["details"]["tokens"][0] == {"id": 1001, "text": "one", "logprob": -1 / 64}
    last = records(COMPATIBLE, {**body(), "stream": True})[-1]
    assert last["details"]["finish_reason"] == "eos_token"
    assert "details" not in document(COMPATIBLE, body(details=False))[0]


def test_spaced_key() -> None:
    """The reason's key has a space where the setting says so, streamed or not."""
    container = lmi(spaced_finish_key=True)
    details = document(container, body(details=True))["details"]
    assert details["finish reason"] == "eos_token"
    assert "finish_reason" not in details
    last = records(container, {**body(details=True), "stream": True})[-1]
    assert last["details"]["finish reason"] == "eos_token"


def test_prompt_echo() -> None:
    """`return_full_text` puts the prompt in front of the whole text."""
    assert document(LMI, body(return_full_text=True))["generated_text"].startswith("Helloone")


@pytest.mark.parametrize("compat", [False, True])
def test_failing_generation(*, compat: bool) -> None:
    """A failed generation is a 200 whose details say `error`, in the documented document."""
    answer = document(lmi(fails=True, tgi_compat=compat), body())
    (content,) = answer if compat else (answer,)
    assert content == {
        "generated_text": "",
        "details": {
            "finish_reason": "error",
            "generated_tokens": None,
            "inputs": None,
            "tokens": None,
        },
    }


@pytest.mark.parametrize("after", [0, 2])
def test_failing_stream(after: int) -> None:
    """A failed stream ends with the documented record, after as many tokens as configured."""
    *earlier, last = records(lmi(fails=True, fails_after=after), {**body(), "stream": True})
    assert [each["token"]["text"] for each in earlier] == ["one", " two"][:after]
    assert last == {
        "token": {"id": -1, "text": "", "log_prob": -1, "special_token": True},
        "generated_text": "",
        "details": {"finish_reason": "error", "generated_tokens": None, "inputs": None},
    }


def test_chat() -> None:
    """A body with messages is OpenAI chat, whose stream is JSON lines without `[DONE]`."""
    assert document(LMI, CHAT)["choices"][0]["message"]["content"] == "one two three four"
    _, content_type, chunks = ask(LMI, {**CHAT, "stream": True})
    assert content_type == "application/jsonlines"
    assert b"DONE" not in chunks[-1]
    assert records(lmi(framing="sse"), {**CHAT, "stream": True})[-1] == "[DONE]"


def test_old_chat() -> None:
    """Older chats say `eos_token`, open with the first token, and list their log probabilities."""
    container = lmi(old_chat=True)
    assert document(container, CHAT)["choices"][0]["finish_reason"] == "eos_token"
    wanted = {**CHAT, "stream": True, "logprobs": True}
    choices = [each["choices"][0] for each in records(container, wanted)]
    assert choices[0]["delta"] == {"role": "assistant", "content": "one"}
    assert "role" not in choices[1]["delta"]
    assert choices[0]["logprobs"][0]["content"][0]["token"] == "one"
    assert choices[-1]["logprobs"] is None
    assert choices[-1]["finish_reason"] == "eos_token"
    assert ask(container, {**CHAT, "stream": True})[1] == "application/jsonlines"
    short = records(container, {**wanted, "max_tokens": 1})
    assert short[-1]["choices"][0]["finish_reason"] == "length"


def test_quotes_known_parameters_only() -> None:
    """The composed text quotes what the engine knows, and none of the rest."""
    container = Lmi(LmiEndpoint(kind="lmi"))
    text = document(container, body(top_k=5, tool_choice="auto", max_new_tokens=60))
    assert "max_new_tokens=60, top_k=5" in text["generated_text"]
    assert "tool_choice" not in text["generated_text"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"{", "Input Parsing failed. Ensure that the request payload is valid. "),
        ([1], "Expected an object"),
        ({"prompt": "x"}, "Invalid Request Property: 'inputs'"),
        ({"inputs": ["x"]}, "Invalid Request Property: 'inputs'"),
        ({"inputs": "x", "parameters": [1]}, "parameters must be an object"),
        (body(max_new_tokens=0), "max_new_tokens must be at least 1, got 0."),
        (body(max_new_tokens="9"), "max_new_tokens must be at least 1, got 9."),
        (body(temperature=-1), "temperature must be non-negative, got -1."),
        (body(temperature="hot"), "temperature must be a number, got hot."),
        (body(max_new_tokens=50), "exceed the model's maximum length of 50"),
        ({**CHAT, "top_p": 2}, "top_p must be in (0, 1], got 2."),
    ],
)
def test_payload_faults(raw: Any, text: str) -> None:
    """A payload that can't be used is a 424 with DJL's document."""
    status, content = complaint(lmi(context_length=50), raw)
    assert (status, content["code"]) == (424, 424)
    assert set(content) == {"error", "code"}
    assert text in content["error"]
