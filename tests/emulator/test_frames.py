from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from emulator import frames


def test_payload_part_vector() -> None:
    """A PayloadPart is, byte for byte, the published test vector."""
    assert frames.payload_part(b"data: {}\n\n").hex() == (
        "0000007300000059c9e7ac260b3a6576656e742d7479706507000b5061796c6f6164506172740d3a636f6e74"
        "656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d0d3a6d657373616765"
        "2d747970650700056576656e74646174613a207b7d0a0ac35f3796"
    )


def test_exception_vector() -> None:
    """A ModelStreamError is, byte for byte, the published test vector."""
    fields = {"Message": "cut", "ErrorCode": "StreamBroken"}
    assert frames.exception("ModelStreamError", fields).hex() == (
        "0000009a0000005e72479c2b0f3a657863657074696f6e2d747970650700104d6f64656c53747265616d4572"
        "726f720d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167"
        "652d74797065070009657863657074696f6e7b224d657373616765223a22637574222c224572726f72436f64"
        "65223a2253747265616d42726f6b656e227d1e2c45c9"
    )


def test_empty_message_vector() -> None:
    """A message without headers and payload is, byte for byte, the published test vector."""
    assert frames.encode((), b"").hex() == "000000100000000005c248eb7d98c8ff"


@given(payloads=st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_botocore_reads_every_payload(payloads: list[bytes]) -> None:
    """The decoder of botocore finds exactly the payloads that were framed, checksums included."""
    buffer = EventStreamBuffer()
    for payload in payloads:
        buffer.add_data(frames.payload_part(payload))
    decoded = list(buffer)
    assert [message.payload for message in decoded] == payloads
    assert {message.headers[":event-type"] for message in decoded} == {"PayloadPart"}


@given(code=st.text(max_size=20), message=st.text(max_size=50))
def test_botocore_reads_every_header(code: str, message: str) -> None:
    """Header values of any text survive the encoding."""
    buffer = EventStreamBuffer()
    buffer.add_data(frames.error(code, message))
    (decoded,) = list(buffer)
    assert decoded.headers == {
        ":error-code": code,
        ":error-message": message,
        ":message-type": "error",
    }
