"""Chat, passed through: what golden files do not say."""

from __future__ import annotations

import pytest

from adapters.base import Json
from adapters.errors import GatewayError, MalformedReply, ModelError
from tests.adapters.passthrough.ask import CHAT, chunk, decode, sse, stream

REFUSAL = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
FORMATS = pytest.mark.parametrize("form", ["messages", "openai", "nova"])


def reply(choice: Json, **more: object) -> Json:
    return {"choices": [{"message": {"role": "assistant", "content": "a"}, **choice}], **more}


@FORMATS
def test_the_containers_refusal_of_tools_reaches_the_client(form: str) -> None:
    """What vLLM's operator must switch on is named to the client, as a 400, word for word."""
    record = {"error": {"message": REFUSAL, "type": "BadRequestError", "code": 400}}
    with pytest.raises(GatewayError) as whole:
        decode(form, CHAT, record)
    with pytest.raises(GatewayError) as streamed:
        stream(form, CHAT, sse(record))
    for caught in (whole, streamed):
        assert (caught.value.status, caught.value.message) == (400, REFUSAL)


@FORMATS
@pytest.mark.parametrize("word", ["abort", "error"])
def test_a_failed_generation_is_no_finish(form: str, word: str) -> None:
    """An answer that the container gave up is an error, whole or streamed."""
    with pytest.raises(ModelError):
        decode(form, CHAT, reply({"finish_reason": word}))
    with pytest.raises(ModelError):
        stream(form, CHAT, sse(chunk({"delta": {}, "finish_reason": word})))


@pytest.mark.parametrize(
    "choice",
    [
        {"text": "a", "finish_reason": None},
        {"text": "a", "finish_reason": "stop"},
        {"surprise": 1},
    ],
)
def test_a_completion_is_no_chat(choice: Json) -> None:
    """A chunk without a delta is an unknown shape, never a chunk without text."""
    with pytest.raises(MalformedReply):
        stream("messages", CHAT, sse(chunk(choice)))


def test_the_end_needs_no_delta() -> None:
    """A last chunk that only says why the answer ended is one."""
    last = {"choices": [{"finish_reason": "stop"}]}
    chunks = stream("messages", CHAT, sse(chunk({"delta": {"role": None, "content": "a"}}), last))
    assert [each["choices"][0]["delta"] for each in chunks] == [
        {"role": "assistant", "content": "a"},
        {},
    ]


def test_what_openai_requires_is_there() -> None:
    """A message without a role, or without content, still has the keys that clients read."""
    answer = decode("messages", CHAT, {"choices": [{"message": {"tool_calls": []}}]})
    assert answer.body["choices"][0] == {
        "index": 0,
        "message": {"role": "assistant", "content": None, "refusal": None, "tool_calls": []},
        "logprobs": None,
        "finish_reason": "stop",
    }


def test_what_follows_the_end_mark_is_not_read() -> None:
    """`[DONE]` is the end, whatever a container sends behind it."""
    ended = sse(chunk({"delta": {"content": "a"}, "finish_reason": "stop"}))
    assert len(stream("messages", CHAT, ended + b'data: {"surprise": 1}\n\n')) == 1


def test_parts_of_an_answer_are_counted_as_its_text() -> None:
    """Content in parts is estimated by their words; what has none counts nothing."""
    parts = [{"type": "text", "text": "abcde"}, {"type": "image_url"}]
    answer = decode("messages", CHAT, {"choices": [{"message": {"content": parts}}]})
    assert answer.body["usage"]["completion_tokens"] == 2


def test_length_is_claimed_by_an_exact_count_of_one_choice() -> None:
    """Without a word, the limit was met if the container's count says so; not with two choices."""
    counts = {"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5}
    asked = {**CHAT, "max_completion_tokens": 4}
    one = decode("messages", asked, reply({}, usage=counts)).body
    assert one["choices"][0]["finish_reason"] == "length"
    two = reply({}, usage=counts)
    two["choices"] += reply({})["choices"]
    said = [choice["finish_reason"] for choice in decode("messages", asked, two).body["choices"]]
    assert said == ["stop", "stop"]


def test_a_usage_record_follows_counts_that_came_inside_a_chunk() -> None:
    """A client that asked for usage gets OpenAI's record of it, without choices, exactly once."""
    counts = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    asked = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
    only = chunk({"delta": {"content": "a"}, "finish_reason": "stop"}, usage=counts)
    inside, record = stream("messages", asked, sse(only))
    assert (inside["usage"], record["usage"], record["choices"]) == (None, counts, [])
    running = {"include_usage": True, "continuous_usage_stats": True}
    inside, _ = stream("messages", {**asked, "stream_options": running}, sse(only))
    assert inside["usage"] == counts
    further = {"id": "up", "choices": [], "usage": counts}
    assert len(stream("messages", asked, sse(only, further))) == 2


def test_a_chunk_may_repeat_its_delta_as_a_message() -> None:
    """A chunk with both is a chunk: no text is lost, and none comes twice."""
    records = [
        chunk({"delta": {"content": text}, "message": {"content": text}, "finish_reason": end})
        for text, end in (("a", None), ("b", "stop"))
    ]
    chunks = stream("messages", CHAT, sse(*records))
    assert [each["choices"][0]["delta"]["content"] for each in chunks] == ["a", "b"]


def test_a_whole_message_behind_chunks_is_unknown() -> None:
    """It would double the text, or hide that some is missing."""
    last = chunk({"message": {"content": "a"}, "finish_reason": "stop"})
    with pytest.raises(MalformedReply):
        stream("messages", CHAT, sse(chunk({"delta": {"content": "a"}}), last))


@pytest.mark.parametrize(
    "broken", [{"index": []}, {"index": {}}, {"index": "0"}, {"index": True}], ids=str
)
def test_an_index_that_is_no_number_is_unknown(broken: Json) -> None:
    """A choice is told by its number; one without it is the next."""
    with pytest.raises(MalformedReply):
        decode("messages", CHAT, reply(broken))
    with pytest.raises(MalformedReply):
        stream("messages", CHAT, sse(chunk({"delta": {"content": "a"}, **broken})))
    assert decode("messages", CHAT, reply({"index": None})).body["choices"][0]["index"] == 0


def test_content_that_is_no_text_is_unknown() -> None:
    """A number where the text belongs does not reach a client."""
    with pytest.raises(MalformedReply):
        decode("messages", CHAT, {"choices": [{"message": {"content": 5}}]})
    with pytest.raises(MalformedReply):
        stream("messages", CHAT, sse(chunk({"delta": {"content": 5}})))


def test_an_error_beside_choices_is_an_error() -> None:
    """A failure is told wherever it stands, also behind the finish reason."""
    ended = chunk({"delta": {"content": "a"}, "finish_reason": "stop"})
    with pytest.raises(ModelError):
        stream("messages", CHAT, sse(ended, {"choices": [], "error": {"message": "boom"}}))
    with pytest.raises(ModelError):
        decode("messages", CHAT, reply({}, error={"message": "boom"}))


@pytest.mark.parametrize("counts", [{}, {"completion_tokens": None}, {"completion_tokens": "1"}])
def test_a_usage_record_without_counts_is_none(counts: Json) -> None:
    """What counts nothing does not pass for the container's word."""
    assert decode("messages", CHAT, reply({}, usage=counts)).usage_source == "estimate"


def test_a_usage_record_comes_once() -> None:
    """Counts inside a chunk behind the record change nothing for the client."""
    counts = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    asked = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
    record: Json = {"id": "up", "choices": [], "usage": counts}
    last = chunk({"delta": {"content": "a"}, "finish_reason": "stop"}, usage=counts)
    chunks = stream("messages", asked, sse(record, last))
    assert len([each for each in chunks if not each["choices"]]) == 1
