"""W3C's trace context, read as its specification has it."""

from __future__ import annotations

import pytest

from proxy.routing.trace import TraceContext

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"01-{TRACE}-{SPAN}-01-what-comes-later", True),
    ],
)
def test_what_is_one(header: str, sampled: bool) -> None:
    """Ids and the flag are read, also of later versions; written again it is of the first."""
    read = TraceContext.read(header)
    assert read == TraceContext(TRACE, SPAN, sampled)
    assert read is not None
    assert read.header == f"00-{TRACE}-{SPAN}-{'01' if sampled else '00'}"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_what_is_none(header: str | None) -> None:
    """Whatever is not exactly that is as if it were not there."""
    assert TraceContext.read(header) is None
