"""A clock that is wrong, told where AWS refuses a signature."""

from __future__ import annotations

import logging

import pytest

from adapters.base import Limits
from adapters.errors import UpstreamError
from adapters.sagemaker.clock import ClockWatch
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.invoker import SageMakerInvoker
from tests.adapters.sagemaker.upstream import PAYLOAD, Call, serve

AWS_SAYS = "Sun, 22 Nov 2026 12:00:00 GMT"
AWS_TIME = 1_795_348_800.0


def explained(date: str | None, now: float, watch: ClockWatch | None = None) -> str | None:
    """Give what a refusal's detail says then."""
    error = UpstreamError("refused", detail="InvalidSignatureException")
    (watch or ClockWatch()).explain(error, date, now)
    return error.detail


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (600, "InvalidSignatureException; this machine's clock is 600 seconds ahead of AWS's"),
        (-600, "InvalidSignatureException; this machine's clock is 600 seconds behind AWS's"),
        (59, "InvalidSignatureException"),
        (-59, "InvalidSignatureException"),
    ],
)
def test_skew_is_measured(off: float, words: str) -> None:
    """The detail says how far and which way; less than a minute is no matter (I4)."""
    assert explained(AWS_SAYS, AWS_TIME + off) == words


@pytest.mark.parametrize("date", [None, "", "yesterday", "Sun, 99 Nov 2026 12:00:00 GMT"])
def test_unreadable_dates_say_nothing(date: str | None) -> None:
    """Without AWS's time there is nothing to compare."""
    assert explained(date, AWS_TIME) == "InvalidSignatureException"


def test_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    """The operator is warned once; each refusal's detail says it."""
    watch = ClockWatch()
    for _ in range(3):
        assert "ahead" in str(explained(AWS_SAYS, AWS_TIME + 600, watch))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "clock.skewed: this machine's clock is 600 seconds ahead" in record.getMessage()


@pytest.mark.parametrize("status", [400, 403])
async def test_a_call_with_a_wrong_clock(status: int) -> None:
    """A refused call says what the clocks say; to the client, nothing of it."""

    async def script(call: Call) -> None:
        body = b'{"message":"Signature expired: 20261122T115000Z is now earlier than ..."}'
        kind = "InvalidSignatureException"
        await call.answer(status, body, Date=AWS_SAYS, x_amzn_ErrorType=kind)

    client = DirectClient()
    keys = StaticCredentials(Credentials("AKIDEXAMPLE", "secret"))
    invoker = SageMakerInvoker(client, keys, clock=lambda: AWS_TIME - 600)
    async with serve(script) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await invoker.invoke(upstream.target(), PAYLOAD, Limits())
    await client.aclose()
    assert "this machine's clock is 600 seconds behind AWS's" in str(caught.value.detail)
    assert "clock" not in caught.value.message
