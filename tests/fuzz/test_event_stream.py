"""AWS's event stream, damaged anywhere and cut anywhere (cases J1 to J5)."""

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.errors import MalformedReply
from adapters.sagemaker.event_stream import EventStreamDecoder, Message
from tests.adapters.sagemaker.frames import error, exception, message, part, string_header
from tests.fuzz.cutting import CUTS, DAMAGES, damaged, reads
from tests.fuzz.effort import searching

MESSAGES = st.lists(
    st.one_of(
        st.binary(max_size=60).map(part),
        st.builds(exception, st.sampled_from(["ModelStreamError", "X"]), Message=st.text()),
        st.builds(error, st.text(max_size=9), st.text(max_size=9)),
        st.builds(message, st.binary(max_size=30), st.binary(max_size=30)),
    ),
    min_size=1,
    max_size=6,
)


def decoded(pieces: list[bytes]) -> tuple[list[Message], bool]:
    """All messages, and whether the stream was whole."""
    decoder = EventStreamDecoder()
    found: list[Message] = []
    try:
        for piece in pieces:
            found += decoder.feed(piece)
        decoder.finish()
    except MalformedReply:
        return found, False
    return found, decoder.fault is None


@given(MESSAGES, DAMAGES, CUTS)
@example([part(b"a")], [("replace", 0, b"\xff\xff\xff\xff")], [])
@example([part(b"a")], [("replace", 4, b"\xff\xff\xff\xff")], [])
@example([message(string_header(":message-type", "event"), b"x")], [("repeat", 0, b"123456")], [7])
@searching(300)
def test_damage_is_refused_and_never_read(
    messages: list[bytes], damages: list[tuple[str, int, bytes]], cuts: list[int]
) -> None:
    """Nothing but a refusal comes of damage; each message given is one that was sent (J2, J3)."""
    sound = {(each.kind, each.name, each.payload) for one in messages for each in decoded([one])[0]}

    found, _ = decoded(reads(damaged(b"".join(messages), damages), cuts))

    assert {(each.kind, each.name, each.payload) for each in found} <= sound


@given(MESSAGES, DAMAGES, CUTS)
@searching(200)
def test_cuts_change_nothing(
    messages: list[bytes], damages: list[tuple[str, int, bytes]], cuts: list[int]
) -> None:
    """The same messages and the same end, however the bytes arrive, also damaged ones (J1)."""
    stream = damaged(b"".join(messages), damages)

    assert decoded(reads(stream, cuts)) == decoded([stream])
