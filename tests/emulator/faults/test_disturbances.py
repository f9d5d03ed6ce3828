import json
import time
from typing import Any

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from botocore.exceptions import ConnectionClosedError, EventStreamError
from urllib3.exceptions import ProtocolError

from tests.emulator.callers import CHAT, TGI, Emulated

STREAM_ROUTE = "/endpoints/demo-chat/invocations-response-stream"


def read(emulated: Emulated, *, endpoint: str = "demo-chat") -> tuple[list[bytes], Any]:
    """The parts of a stream and the error that ended it, if any."""
    parts: list[bytes] = []
    try:
        for part in emulated.parts(endpoint, TGI if endpoint == "demo-tgi" else CHAT):
            parts.append(part)  # noqa: PERF402  # what came before an error counts
    except (EventStreamError, ChecksumMismatch, ProtocolError) as error:
        return parts, error
    return parts, None


@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        ("stream_error", "ModelStreamError", "broken"),
        ("stream_failure", "InternalStreamFailure", "failure"),
        ("error_frame", "InternalError", "internal server error"),
    ],
)
@pytest.mark.parametrize("after", [0, 2])
def test_errors_in_the_stream(
    emulated: Emulated, fault: str, code: str, text: str, after: int
) -> None:
    """An in-stream error comes after exactly so many records, and ends the stream."""
    emulated.fault("demo-chat", fault, after=after)
    parts, error = read(emulated)
    assert len(parts) == after
    assert isinstance(error, EventStreamError)
    assert error.response["Error"]["Code"] == code
    assert text in error.response["Error"]["Message"]


@pytest.mark.parametrize(
    "fault",
    ["stream_error", "truncated_frame", "corrupted_crc", "unknown_event", "reset_mid_stream"],
)
def test_faults_behind_the_end(emulated: Emulated, fault: str) -> None:
    """A fault behind more frames than there are leaves the stream alone."""
    emulated.fault("demo-chat", fault, after=10_000)
    parts, error = read(emulated)
    assert error is None
    assert parts[-1] == b"data: [DONE]\n\n"


@pytest.mark.parametrize("code", ["ModelInvocationTimeExceeded", "StreamBroken"])
def test_stream_error_code(emulated: Emulated, code: str) -> None:
    """The error code of a ModelStreamError is in its payload."""
    emulated.fault("demo-chat", "stream_error", after=0, code=code)
    raw = _raw(emulated)
    assert f'"ErrorCode":"{code}"'.encode() in raw


@pytest.mark.parametrize("crc", ["message", "prelude"])
def test_corrupted_checksum(emulated: Emulated, crc: str) -> None:
    """A damaged checksum, of the prelude or the message, is found by botocore at that frame."""
    emulated.fault("demo-chat", "corrupted_crc", after=2, crc=crc)
    parts, error = read(emulated)
    assert len(parts) == 2
    assert isinstance(error, ChecksumMismatch)


def test_truncated_frame(emulated: Emulated) -> None:
    """The body ends cleanly in the middle of a frame: HTTP is whole, the last frame is not."""
    emulated.fault("demo-chat", "truncated_frame", after=1)
    raw = _raw(emulated)
    assert raw.endswith(b"\r\n0\r\n\r\n")
    frames = _unchunked(raw)
    first = int.from_bytes(frames[:4])
    second = int.from_bytes(frames[first : first + 4])
    assert first < len(frames) < first + second


def test_reset_before_the_first_byte(emulated: Emulated) -> None:
    """The connection is reset without an answer, on both operations."""
    emulated.fault("demo-tgi", "reset")
    with pytest.raises(ConnectionClosedError):
        emulated.invoke("demo-tgi", TGI)
    with pytest.raises(ConnectionClosedError):
        list(emulated.parts("demo-tgi", TGI))
    assert [each["outcome"] for each in emulated.requests()] == ["reset", "reset"]


def test_reset_is_a_tcp_reset(emulated: Emulated) -> None:
    """What the caller sees is RST, not a clean end."""
    emulated.fault("demo-chat", "reset")
    with (
        emulated.connect(STREAM_ROUTE, b"{}") as connection,
        pytest.raises(ConnectionResetError),
    ):
        connection.recv(1)


def test_reset_mid_stream(emulated: Emulated) -> None:
    """The connection is reset after whole frames and half of the next one."""
    emulated.fault("demo-chat", "reset_mid_stream", after=2)
    parts, error = read(emulated)
    assert len(parts) <= 2
    assert isinstance(error, ProtocolError)
    assert emulated.requests()[-1]["outcome"] == "reset"


def test_reset_mid_body(emulated: Emulated) -> None:
    """On the plain operation the connection is reset after half of the body."""
    emulated.fault("demo-tgi", "reset_mid_stream", after=0)
    client = emulated.client()
    with pytest.raises(Exception, match="reset"):
        client.invoke_endpoint(EndpointName="demo-tgi", Body=json.dumps(TGI))["Body"].read()


def test_unknown_event(emulated: Emulated) -> None:
    """An event of an unknown type stands between the parts, which stay complete."""
    whole = len(list(emulated.parts("demo-chat", CHAT)))
    emulated.fault("demo-chat", "unknown_event", after=2)
    assert len(read(emulated)[0]) == whole
    buffer = EventStreamBuffer()
    buffer.add_data(_unchunked(_raw(emulated)))
    kinds = [message.headers[":event-type"] for message in buffer]
    assert kinds.index("FutureEvent") == 2
    assert kinds.count("PayloadPart") == whole


@pytest.mark.parametrize("endpoint", ["demo-tgi", "demo-chat"])
def test_no_finish(emulated: Emulated, endpoint: str) -> None:
    """The stream ends on a frame's boundary without the container's finish mark."""
    assert b'finish_reason":"' in b"".join(read(emulated, endpoint=endpoint)[0])
    emulated.fault(endpoint, "no_finish")
    parts, error = read(emulated, endpoint=endpoint)
    assert error is None
    assert len(parts) > 2
    assert b'finish_reason":"' not in b"".join(parts)
    assert b"[DONE]" not in b"".join(parts)


def test_slow_first_byte(emulated: Emulated) -> None:
    """The answer starts only after the wait."""
    emulated.fault("demo-tgi", "slow_first_byte", seconds=0.4)
    began = time.monotonic()
    emulated.invoke("demo-tgi", TGI)
    assert time.monotonic() - began >= 0.4


def test_slow_records(emulated: Emulated) -> None:
    """Records pause; nothing is lost."""
    emulated.fault("demo-chat", "slow_records", seconds=0.02)
    began = time.monotonic()
    parts, error = read(emulated)
    assert error is None
    assert time.monotonic() - began >= 0.02 * (len(parts) - 1)


def _raw(emulated: Emulated) -> bytes:
    """Everything that stands on the wire until the answer's last chunk."""
    body = json.dumps({**CHAT, "stream": True}).encode()
    with emulated.connect(STREAM_ROUTE, body) as connection:
        answer = b""
        while not answer.endswith(b"\r\n0\r\n\r\n"):
            answer += connection.recv(65536)
        return answer


def _unchunked(raw: bytes) -> bytes:
    """The body of a chunked answer."""
    rest = raw.partition(b"\r\n\r\n")[2]
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body += rest[:length]
        rest = rest[length + 2 :]
    return body
