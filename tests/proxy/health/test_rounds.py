"""Rounds of checks, by themselves."""

from __future__ import annotations

import asyncio
from pathlib import Path

from proxy.health.board import Board
from proxy.health.checking import Checks, Rounds
from tests.proxy.wildcards.account import ScriptedAccount


async def test_a_failed_round_is_followed_by_the_next() -> None:
    """Whatever goes wrong in a round, the next one comes after the interval."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise asyncio.CancelledError

    def broken() -> list[object]:
        raise KeyError("x")

    checks = Checks(broken, lambda _: ScriptedAccount(), Board(), sleep=sleep)  # type: ignore[arg-type]
    task = asyncio.create_task(checks.go_rounds(Rounds(calls=True, interval=100)))
    await asyncio.gather(task, return_exceptions=True)
    assert len(pauses) == 2
    assert all(100 <= pause <= 110 for pause in pauses)


async def test_who_has_not_the_turn_checks_nothing(tmp_path: Path) -> None:
    """Of several workers one checks; the others look at nothing."""

    def nobody() -> list[object]:
        raise AssertionError

    checks = Checks(nobody, lambda _: ScriptedAccount(), Board(tmp_path))  # type: ignore[arg-type]
    with Board(tmp_path).turn():
        await checks.go_round(Rounds(calls=True, states=True))
