"""The contract that every format in the folder keeps, shown on its golden files."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from adapters import formats
from adapters.base import Json, Task
from adapters.errors import GatewayError, MalformedReply
from tests.adapters.formats.golden_file import Golden, load_all, make_reply
from tests.openai_schema import assert_is_openais

ALL = load_all()
ANSWERS = [golden for golden in ALL if "replies" in golden.content]
STREAMS = [golden for golden in ALL if "stream" in golden.content]
#: What prefix-aware routing reads: the request's own words, before anything that varies.
FIRST_KEYS = {"images", "input", "inputs", "messages", "prompt", "query", "texts"}
TASKS: tuple[Task, ...] = ("chat", "completion", "embedding", "rerank")


def name(golden: Golden) -> str:
    return f"{golden.format}-{golden.name}"


def decode(golden: Golden, *parts: bytes) -> list[Json]:
    decoder = golden.stream_codec.decoder(golden.request(), golden.payloads()[0])
    chunks = [chunk for part in parts for chunk in decoder.feed(part)]
    chunks += decoder.finish()
    assert decoder.summary.usage == golden.content["usage"]
    assert decoder.summary.usage_source == golden.content["usage_source"]
    return chunks


@pytest.mark.parametrize("format_name", formats.names())
def test_every_task_of_every_format_has_a_golden_file(format_name: str) -> None:
    """A format is not finished until each of its tasks is shown by example."""
    loaded = formats.load(format_name)
    assert loaded.name == format_name
    tasks = {task for task in TASKS if getattr(loaded, task) is not None}
    assert tasks == {golden.task for golden in ALL if golden.format == format_name}


@pytest.mark.parametrize("golden", ALL, ids=name)
def test_encode_writes_the_golden_bodies(golden: Golden) -> None:
    """The container gets exactly these bodies, its first key the one that prefix routing reads."""
    bodies = [orjson.loads(payload.body) for payload in golden.payloads()]
    assert bodies == golden.content["payloads"]
    for body in bodies:
        assert next(iter(body)) in FIRST_KEYS


@pytest.mark.parametrize("golden", ANSWERS, ids=name)
def test_decode_reads_the_golden_replies(golden: Golden) -> None:
    """The client gets exactly this answer, and its counts say where they came from."""
    decoded = golden.codec.decode(golden.request(), golden.payloads(), golden.replies())
    assert decoded.body == golden.content["answer"]
    assert decoded.usage_source == golden.content["usage_source"]


@pytest.mark.parametrize("golden", STREAMS, ids=name)
def test_streams_decode_alike_at_every_byte_boundary(golden: Golden) -> None:
    """However the container's bytes are cut, the client gets the same chunks."""
    stream = golden.content["stream"].encode()
    expected = golden.content["chunks"]
    assert decode(golden, stream) == expected
    for cut in range(len(stream) + 1):
        assert decode(golden, stream[:cut], b"", stream[cut:]) == expected
    assert decode(golden, *(stream[i : i + 1] for i in range(len(stream)))) == expected


@pytest.mark.parametrize("golden", STREAMS, ids=name)
def test_a_cut_stream_is_never_a_clean_end(golden: Golden) -> None:
    """A stream that ends before its finish mark is an error, wherever it is cut.

    Where nothing but the stream's end marks it, a cut between records can't be told from it.
    """
    stream = golden.content["stream"].encode()
    whole = [chunk for chunk in golden.content["chunks"] if chunk["choices"]]
    for cut in range(len(stream)):
        decoder = golden.stream_codec.decoder(golden.request(), golden.payloads()[0])
        chunks: list[Json] = []
        try:
            chunks += decoder.feed(stream[:cut])
            chunks += decoder.finish()
        except MalformedReply:
            assert chunks == golden.content["chunks"][: len(chunks)]
            continue
        if golden.content.get("ends_with_stream"):
            assert stream[:cut].rstrip().endswith(b"}")
            continue
        assert [chunk for chunk in chunks if chunk["choices"]] == whole


@pytest.mark.parametrize("golden", ANSWERS, ids=name)
@pytest.mark.parametrize(
    "body",
    [
        {"surprise": 1},
        [],
        [{"surprise": 1}],
        [[]],
        {},
        "text",
        7,
        None,
        True,
        b"<html>",
        b"",
        b"[NaN]",
    ],
    ids=repr,
)
def test_an_unknown_shape_is_502(golden: Golden, body: object) -> None:
    """A reply that the format does not know is a 502 and never an empty answer."""
    replies = tuple(make_reply(body) for _ in golden.content["replies"])
    with pytest.raises(MalformedReply) as caught:
        golden.codec.decode(golden.request(), golden.payloads(), replies)
    assert caught.value.status == 502
    if body in ({"surprise": 1}, [{"surprise": 1}]):
        assert "surprise" in caught.value.message


@pytest.mark.parametrize("golden", ANSWERS, ids=name)
def test_an_error_inside_a_200_is_an_error(golden: Golden) -> None:
    """A container that reports its failure with status 200 does not pass for an answer."""
    body = {"error": "Model is overloaded", "error_type": "overloaded"}
    replies = tuple(make_reply(body) for _ in golden.content["replies"])
    with pytest.raises(GatewayError) as caught:
        golden.codec.decode(golden.request(), golden.payloads(), replies)
    assert (caught.value.status, caught.value.message) == (429, "Model is overloaded")


@pytest.mark.parametrize("golden", STREAMS, ids=name)
@pytest.mark.parametrize("record", [{"surprise": 1}, ["x"], 7, "text", None])
def test_an_unknown_record_is_502(golden: Golden, record: object) -> None:
    """A record that the format does not know ends the stream with an error."""
    decoder = golden.stream_codec.decoder(golden.request(), golden.payloads()[0])
    with pytest.raises(MalformedReply):
        list(decoder.feed(b"data: " + orjson.dumps(record) + b"\n\n"))


@pytest.mark.parametrize("golden", STREAMS, ids=name)
@pytest.mark.parametrize(
    ("record", "status"),
    [
        ({"error": "Model is overloaded", "error_type": "overloaded"}, 429),
        ({"error": "Input validation error: x", "error_type": "validation"}, 422),
        ({"error": "Incomplete generation", "error_type": "incomplete_generation"}, 502),
        ({"error": {"message": "bad", "type": "BadRequestError", "code": 400}}, 400),
    ],
)
def test_an_error_record_raises_after_the_chunks_before_it(
    golden: Golden, record: Json, status: int
) -> None:
    """What came before a failure is given; the failure keeps the container's status and words."""
    first = golden.content["stream"].encode().splitlines(keepends=True)[0]
    sse = first.startswith((b"data:", b":"))
    failure = (b"data: " if sse else b"") + orjson.dumps(record) + b"\n\n"
    decoder = golden.stream_codec.decoder(golden.request(), golden.payloads()[0])
    chunks: list[Json] = []
    with pytest.raises(GatewayError) as caught:
        chunks.extend(decoder.feed(first + failure))
    assert caught.value.status == status
    assert bool(chunks) == (not first.startswith(b":"))


@pytest.mark.parametrize("golden", STREAMS, ids=name)
def test_the_request_is_not_changed(golden: Golden) -> None:
    """Encoding twice, as a retry does, gives the same bodies and leaves the request as it was."""
    request = golden.request()
    before = orjson.dumps(request.params)
    assert golden.codec.encode(request) == golden.codec.encode(replace(request, id="other"))
    assert orjson.dumps(request.params) == before


@pytest.mark.parametrize("golden", [each for each in ALL if each.task != "rerank"], ids=name)
def test_what_clients_get_is_openais(golden: Golden) -> None:
    """Every answer and every chunk is what OpenAI's reference and its client's types say."""
    for body in (golden.content.get("answer"), *golden.content.get("chunks", ())):
        if body is not None:
            assert_is_openais(body)
