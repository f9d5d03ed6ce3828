"""Parts: the same whether they are taken, waited for or iterated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.parts import NOW, parts_of


async def numbers(*numbers: int, failure: Exception | None = None) -> AsyncIterator[int]:
    for number in numbers:
        yield number
    if failure is not None:
        raise failure


async def test_what_is_waited_for_is_taken_once() -> None:
    """Nothing is there unasked; each part comes once, and the end is told again."""
    parts = parts_of(numbers(1, 2))
    assert parts.take() is None
    for number in (1, 2):
        await parts.more()
        assert parts.take() == number
        assert parts.take() is None
    for _ in range(2):
        await parts.more()
        with pytest.raises(StopAsyncIteration):
            parts.take()


async def test_waiting_raises_nothing() -> None:
    """A failure is for whoever takes, behind what came before it."""
    parts = parts_of(numbers(1, failure=ValueError("no")))
    await parts.more()
    assert parts.take() == 1
    await parts.more()
    with pytest.raises(ValueError, match="no"):
        parts.take()


async def test_parts_are_iterated_as_what_they_come_from() -> None:
    """To its end, or to its failure; and parts of parts are these."""
    parts = parts_of(numbers(1, 2, 3))
    assert parts_of(parts) is parts
    assert [each async for each in parts] == [1, 2, 3]


async def test_what_is_there_is_not_waited_for() -> None:
    """The loop gets no turn."""
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)
    await NOW
    assert turns == []
