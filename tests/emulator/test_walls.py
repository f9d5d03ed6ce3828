from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError

from emulator.errors import WALL_TEXT
from emulator.server import running_emulator
from emulator.settings import Settings
from tests.emulator.callers import CHAT, TGI, Emulated

HURRIED = Settings(answer_seconds=0.3, stream_seconds=0.3)


@pytest.mark.parametrize("streaming", [False, True])
def test_answer_wall(*, streaming: bool) -> None:
    """A container slower than AWS's wall is a ModelError with status 0, streamed or not."""
    with running_emulator(HURRIED) as url, Emulated(url) as emulated:
        emulated.fault("demo-tgi", "slow_first_byte", seconds=60)
        call = emulated.invoke_streaming if streaming else emulated.invoke
        with pytest.raises(ClientError) as caught:
            call("demo-tgi", TGI)
    response: Any = caught.value.response
    assert response["OriginalStatusCode"] == 0
    assert response["OriginalMessage"] == WALL_TEXT


def test_stream_wall() -> None:
    """A stream longer than AWS's wall ends with ModelInvocationTimeExceeded."""
    with running_emulator(HURRIED) as url, Emulated(url) as emulated:
        emulated.fault("demo-chat", "slow_records", seconds=60)
        parts = emulated.parts("demo-chat", CHAT)
        assert next(parts)
        with pytest.raises(EventStreamError, match="ModelStreamError"):
            next(parts)
