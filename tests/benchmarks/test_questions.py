from collections.abc import Callable

import orjson
import pytest

from benchmarks.connection import Answer
from benchmarks.content import TEXT, TOKENS
from benchmarks.questions import (
    WrongAnswer,
    check_stream,
    check_whole,
    first_token,
    of_sagemaker,
)
from benchmarks.upstream.replies import REPLIES

_END = b"data: [DONE]\n\n"


def answered(body: bytes, status: int = 200) -> Answer:
    return Answer(status, body, 0.0, 1.0, ((1.0, len(body)),))


def event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + orjson.dumps({"choices": [choice]}) + b"\n\n"


def stream(*tokens: str, finish: str = "stop") -> bytes:
    return b"".join(event({"content": token}) for token in tokens) + event({}, finish)


def whole(content: str, finish: str = "stop") -> bytes:
    return orjson.dumps({"choices": [{"message": {"content": content}, "finish_reason": finish}]})


def test_right_answers_pass() -> None:
    """Exactly the container's text passes, in one piece or in chunks; comments say nothing."""
    check_whole(answered(whole(TEXT)))
    check_stream(answered(stream(*TOKENS) + _END))
    check_stream(answered(b": ping\n\n" + stream(TEXT) + b'data: {"choices":[]}\n\n' + _END))


@pytest.mark.parametrize(
    ("check", "body"),
    [
        pytest.param(check_whole, whole(TEXT[:-1]), id="short"),
        pytest.param(check_whole, whole(TEXT, "length"), id="another end"),
        pytest.param(check_whole, whole(TEXT)[:-1], id="not JSON"),
        pytest.param(check_whole, b"[]", id="not an object"),
        pytest.param(check_whole, b'{"choices": []}', id="no choice"),
        pytest.param(check_whole, b'{"choices": [1]}', id="not a choice"),
        pytest.param(check_stream, stream(*TOKENS), id="no end"),
        pytest.param(check_stream, stream(*TOKENS) + _END + b"x", id="more after the end"),
        pytest.param(check_stream, stream(*TOKENS[:-1]) + _END, id="a token lost"),
        pytest.param(check_stream, stream(*TOKENS, TOKENS[-1]) + _END, id="a token twice"),
        pytest.param(check_stream, stream(*TOKENS) + event({}, "stop") + _END, id="two ends"),
        pytest.param(check_stream, stream(*TOKENS, finish="length") + _END, id="cut"),
        pytest.param(check_stream, b"data: {\n\n" + _END, id="not an event"),
        pytest.param(check_stream, b"", id="nothing"),
    ],
)
def test_anything_else_is_wrong(check: Callable[[Answer], None], body: bytes) -> None:
    """A text that is not exactly the container's, or is not whole, is an error."""
    with pytest.raises(WrongAnswer):
        check(answered(body))


@pytest.mark.parametrize("check", [check_whole, check_stream])
def test_a_failure_is_wrong(check: Callable[[Answer], None]) -> None:
    """No other status than 200 passes, whatever the body says."""
    with pytest.raises(WrongAnswer, match="status 500"):
        check(answered(whole(TEXT), 500))


@pytest.mark.parametrize("streamed", [False, True])
def test_bytes_handed_on_must_be_the_same(streamed: bool) -> None:
    """Directly asked, the answer is the runtime's to the byte."""
    question = of_sagemaker("chat", stream=streamed)
    path = question.request.split(b" ")[1].decode()
    body = REPLIES[path].body
    question.check(answered(body))
    with pytest.raises(WrongAnswer, match="bytes instead of"):
        question.check(answered(body[:-1] + b"?"))


def test_the_first_token_is_timed_where_it_was_there() -> None:
    """What came before the first token's bytes does not count as one."""
    body = event({"role": "assistant"}) + stream(*TOKENS)
    start = len(event({"role": "assistant"}))
    arrivals = ((11.0, start), (12.0, start + 80), (13.0, len(body)))
    assert first_token(Answer(200, body, 10.0, 13.0, arrivals)) == 2.0
