"""What of AWS's answer headers goes back to the client."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from adapters.base import Limits
from adapters.sagemaker.answer_headers import messages_to_the_client
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.invoker import SageMakerInvoker
from tests.adapters.sagemaker.upstream import PAYLOAD, Call, serve

NEW = "x-amzn-sagemaker-new-session-id"
ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


def test_sessions_and_attributes_come_back() -> None:
    """Three headers do, under their own names; all others stay behind."""
    answered = CIMultiDict(
        {
            "X-Amzn-SageMaker-New-Session-Id": "abc-1; Expires=2026-01-01T00:00:00Z",
            "X-Amzn-SageMaker-Closed-Session-Id": "abc-0",
            "X-Amzn-SageMaker-Custom-Attributes": "tier=gold",
            "X-Amzn-SageMaker-Other": "x",
            "Set-Cookie": "a=b",
        }
    )
    assert messages_to_the_client(answered) == (
        (NEW, "abc-1; Expires=2026-01-01T00:00:00Z"),
        ("x-amzn-sagemaker-closed-session-id", "abc-0"),
        (ATTRIBUTES, "tier=gold"),
    )


@pytest.mark.parametrize("value", ["", " ", "é", "a\tb", "a" * 1025])
def test_what_is_no_fit_header_is_left_out(value: str) -> None:
    """A client's parser meets printable ASCII of a bounded length, or nothing."""
    assert messages_to_the_client({ATTRIBUTES: value, NEW: value}) == ()


def test_the_containers_own_text_is_scrubbed() -> None:
    """ARNs and accounts are AWS's business, in headers too."""
    arn = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/e"
    ((_, value),) = messages_to_the_client({ATTRIBUTES: f"served by {arn}, tier=gold"})
    assert "111122223333" not in value
    assert "tier=gold" in value


async def test_both_operations_carry_them() -> None:
    """The head of a whole answer and of a stream has them."""
    client = DirectClient()
    async with serve(lambda call: call.answer(X_Amzn_SageMaker_New_Session_Id="s-1")) as upstream:
        invoker = SageMakerInvoker(client, StaticCredentials(Credentials("AKIDEXAMPLE", "s")))
        reply = await invoker.invoke(upstream.target(), PAYLOAD, Limits())
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, Limits())
        assert reply.head.messages == stream.head.messages == ((NEW, "s-1"),)
        await stream.aclose()
        assert isinstance(upstream.calls[0], Call)
    await client.aclose()
