"""An endpoint that answers so many calls at once, and refuses the others as real ones do."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.server import running_emulator
from emulator.settings import parse
from tests.emulator.callers import CHAT, Emulated

NARROW = parse(
    {
        "endpoints": {
            "aws": {"kind": "messages", "capacity": 1},
            "container": {"kind": "messages", "capacity": 1, "beyond_capacity": "model_error"},
        }
    },
    "test",
)


@pytest.mark.parametrize(
    ("endpoint", "code", "status", "original"),
    [
        ("aws", "ThrottlingException", 400, None),
        ("container", "ModelError", 424, 429),
    ],
)
def test_who_finds_no_place_is_refused(
    endpoint: str, code: str, status: int, original: int | None
) -> None:
    """A stream holds its place to its end; other endpoints have their own."""
    with running_emulator(NARROW) as url, Emulated(url) as emulated:
        emulated.fault(endpoint, "slow_records", seconds=0.2)
        parts = emulated.parts(endpoint, CHAT)
        assert next(parts)
        with pytest.raises(ClientError) as caught:
            emulated.invoke(endpoint, CHAT)
        response: Any = caught.value.response
        assert response["Error"]["Code"] == code
        assert response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert response.get("OriginalStatusCode") == original
        emulated.forget()
        for _ in parts:
            pass
        assert emulated.invoke(endpoint, CHAT)
