"""An answer that has come whole."""

from __future__ import annotations

import pytest

from adapters.errors import MalformedReply
from adapters.sagemaker.direct.received import Received


async def test_it_is_read_once_in_every_way() -> None:
    """Whoever reads it in parts gets all of it as the first one, without waiting, then its end."""
    answer = Received(200, {"a": "b"}, b"body")
    await answer.more()
    assert (answer.take(), answer.take(), await answer.read_some()) == (b"body", b"", b"")
    assert (answer.status, answer.headers, answer.whole) == (200, {"a": "b"}, b"body")


async def test_its_reader_may_want_less() -> None:
    """A body beyond the reader's own limit is refused; one that fits is given."""
    answer = Received(500, {}, b"body")
    with pytest.raises(MalformedReply):
        await answer.read_all(3)
    assert await answer.read_all(4) == b"body"
