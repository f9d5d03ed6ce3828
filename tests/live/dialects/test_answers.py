"""Every dialect end to end: what is answered whole and what is streamed are one and the same."""

from typing import Any

import openai
import pytest

from tests.live.dialects.containers import DIALECTS, HOSTILE, Dialect
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, Json, Stream, error_of
from tests.live.test_hostile_cuts import assert_whole

pytestmark = pytest.mark.xdist_group("dialects")
USAGE = {"stream_options": {"include_usage": True}}

each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def usage_of(stream: Stream) -> Json:
    """The usage record at a stream's end; there is one, without a choice."""
    records = [chunk["usage"] for chunk in stream.chunks if chunk.get("usage")]
    assert len(records) == 1
    assert stream.chunks[-1]["choices"] == []
    usage: Json = records[0]
    return usage


def assert_honest(usage: Json, source: str) -> None:
    """The counts add up, and an estimate says that it is one."""
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens"] > 0
    assert usage["completion_tokens"] > 0
    assert usage.get("estimated", False) is (source == "estimate")


@each_dialect
def test_the_stream_is_the_answer(gateway: Gateway, dialect: Dialect) -> None:
    """Deltas joined are the whole answer; the role comes first, `stop` last; the model is ours."""
    whole = gateway.chat(dialect.name)
    body = whole.json()

    assert whole.status_code == 200, whole.text
    assert body["model"] == dialect.name
    assert "Köln" in body["choices"][0]["message"]["content"]
    assert body["choices"][0]["message"]["role"] == "assistant"
    assert body["choices"][0]["finish_reason"] == "stop"
    said = body["choices"][0]["message"]["content"]
    assert_whole(gateway.stream(dialect.name), said, dialect.name, opens=dialect.opens)


@each_dialect
def test_no_character_is_lost(gateway: Gateway, dialect: Dialect) -> None:
    """Leading white space, marks inside words, line ends, emoji: whole and streamed alike."""
    name = f"{dialect.name}-hostile"

    assert gateway.text(name) == HOSTILE
    for _ in range(2):  # the second time it may be known not to stream
        assert_whole(gateway.stream(name), HOSTILE, name, opens=dialect.opens)


@each_dialect
@pytest.mark.parametrize("cuts", ["every_byte", "coalesced"])
def test_cuts_do_no_harm(gateway: Gateway, emulated: Emulated, dialect: Dialect, cuts: str) -> None:
    """However the container's bytes are cut into parts, the answer is the same."""
    emulated.fault(f"{dialect.name}-hostile", "cuts", cuts=cuts)

    assert gateway.stream(f"{dialect.name}-hostile").text() == HOSTILE


@each_dialect
def test_length_is_said_where_it_is_known(gateway: Gateway, dialect: Dialect) -> None:
    """`length` is the container's word, or follows from exact counts; it is never guessed."""
    whole = gateway.chat(dialect.name, max_tokens=2).json()["choices"][0]
    stream = gateway.stream(dialect.name, max_tokens=2)

    expected = ["length" if known else "stop" for known in dialect.length]
    assert [whole["finish_reason"], *stream.finishes()] == expected
    assert stream.text() == whole["message"]["content"] == " You said:"


@each_dialect
def test_usage_is_honest(gateway: Gateway, dialect: Dialect) -> None:
    """Counts are there, their source is told, and an estimate is marked, streaming or not.

    Where both have the same source, both say the same.
    """
    answer = gateway.chat(dialect.name)
    whole = answer.json()["usage"]
    streamed = usage_of(gateway.stream(dialect.name, **USAGE))

    assert answer.headers["x-sagegate-usage-source"] == dialect.whole
    assert_honest(whole, dialect.whole)
    assert_honest(streamed, dialect.streamed)
    assert (whole == streamed) is dialect.agrees


def test_a_collected_answer_counts_as_a_stream_does(gateway: Gateway) -> None:
    """TGI counts a prompt in streams only: `collect: always` has whole answers counted exactly."""
    answer = gateway.chat("tgi-collected")

    assert answer.headers["x-sagegate-usage-source"] == "details"
    assert answer.json()["usage"] == usage_of(gateway.stream("tgi", **USAGE))


@each_dialect
def test_two_choices(gateway: Gateway, emulated: Emulated, dialect: Dialect) -> None:
    """`n: 2` gives two choices, whole and streamed, and one sum of tokens; Nova can't.

    A container that gives one text for a call gets two calls; their common prompt counts once.
    """
    answer = gateway.chat(dialect.name, n=2)
    if dialect.column == "nova":
        assert (answer.status_code, error_of(answer)["param"]) == (400, "n")
        return
    whole = answer.json()
    calls = len(emulated.requests())
    stream = gateway.stream(dialect.name, n=2, **USAGE)

    assert calls == (2 if dialect.fans_out else 1)
    assert [choice["index"] for choice in whole["choices"]] == [0, 1]
    for choice in whole["choices"]:
        assert stream.text(choice["index"]) == choice["message"]["content"] != ""
        assert stream.finishes(choice["index"]) == ["stop"]
        roles = [delta.get("role") for delta in stream.deltas(choice["index"])]
        assert roles == ["assistant"] + [None] * (len(roles) - 1)
    assert stream.done
    assert len({chunk["id"] for chunk in stream.chunks}) == 1
    assert_honest(whole["usage"], dialect.whole)
    assert_honest(usage_of(stream), dialect.streamed)
    one = gateway.chat(dialect.name).json()["usage"]
    assert whole["usage"]["prompt_tokens"] == one["prompt_tokens"]


@each_dialect
def test_an_answer_ends_at_a_stop_text(gateway: Gateway, dialect: Dialect) -> None:
    """`stop` ends the answer, whole and streamed, and is no part of it.

    Containers that give the stop text, such as TGI, and those that know none are cut here.
    """
    answer = gateway.chat(dialect.name, stop=["never", "said"])
    if not dialect.takes_stop:
        assert (answer.status_code, error_of(answer)["param"]) == (400, "stop")
        return
    choice = answer.json()["choices"][0]
    stream = gateway.stream(dialect.name, stop=["never", "said"])

    assert choice["message"]["content"] == stream.text() == " You "
    assert [choice["finish_reason"]] == stream.finishes() == ["stop"]


@each_dialect
def test_the_official_client(sdk: openai.OpenAI, dialect: Dialect) -> None:
    """The official client reads every dialect, typed, whole and streamed."""
    ask: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]
    whole = sdk.chat.completions.create(model=dialect.name, messages=ask)
    with sdk.chat.completions.stream(
        model=dialect.name, messages=ask, stream_options={"include_usage": True}
    ) as stream:
        final = stream.get_final_completion()

    assert final.choices[0].message.content == whole.choices[0].message.content
    assert final.choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
    assert final.usage is not None
    assert final.usage.completion_tokens > 0
