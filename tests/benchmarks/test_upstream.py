from io import BytesIO

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer

from benchmarks.upstream.replies import REPLIES, payload_part
from benchmarks.upstream.signature import is_signed

_PATH = "/endpoints/chat/invocations"
_SECRETS = {"AKIAIOSFODNN7EXAMPLE": "example"}


def signed(body: bytes) -> dict[str, str]:
    """The headers of a request that botocore has signed."""
    request = AWSRequest(
        "POST",
        f"https://localhost{_PATH}",
        headers={"Content-Type": "application/json", "host": "localhost"},
        data=BytesIO(body),
    )
    credentials = Credentials("AKIAIOSFODNN7EXAMPLE", "example")
    SigV4Auth(credentials, "sagemaker", "us-east-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def test_a_signature_of_botocore_is_good() -> None:
    """What AWS's own library signs is taken for signed."""
    assert is_signed(_SECRETS, "POST", _PATH, signed(b"{}"), b"{}")


@pytest.mark.parametrize(
    ("secrets", "path", "body", "changed"),
    [
        pytest.param(_SECRETS, _PATH, b"{ }", {}, id="another body"),
        pytest.param(_SECRETS, _PATH + "x", b"{}", {}, id="another path"),
        pytest.param(_SECRETS, _PATH, b"{}", {"content-type": "text/plain"}, id="a header"),
        pytest.param({"AKIAIOSFODNN7EXAMPLE": "other"}, _PATH, b"{}", {}, id="another secret"),
        pytest.param({}, _PATH, b"{}", {}, id="an unknown id"),
        pytest.param(_SECRETS, _PATH, b"{}", {"authorization": "Bearer x"}, id="no signature"),
    ],
)
def test_a_signature_of_something_else_is_not(
    secrets: dict[str, str], path: str, body: bytes, changed: dict[str, str]
) -> None:
    """Whatever differs from what was signed is noticed."""
    assert not is_signed(secrets, "POST", path, {**signed(b"{}"), **changed}, body)


def test_frames_are_readable_by_botocore() -> None:
    """The runtime's own encoder makes frames that AWS's library decodes, with all their parts."""
    buffer = EventStreamBuffer()
    buffer.add_data(payload_part(b"some bytes") + payload_part(b""))
    one, two = buffer
    assert one.payload == b"some bytes"
    assert two.payload == b""
    assert one.headers[":event-type"] == "PayloadPart"
    assert one.headers[":message-type"] == "event"


def test_what_is_written_is_the_response_whole() -> None:
    """The parts of a stream's response make up its frames, chunk by chunk, and its end."""
    reply = REPLIES[f"{_PATH}-response-stream"]
    _, _, chunks = b"".join(reply.writes).partition(b"\r\n\r\n")
    body = b""
    while chunks:
        size, _, chunks = chunks.partition(b"\r\n")
        length = int(size, 16)
        body, chunks = body + chunks[:length], chunks[length + 2 :]
    assert body == reply.body
