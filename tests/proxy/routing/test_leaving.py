"""Whatever happens to requests, and whenever clients leave: nothing stays behind."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import GatewayError, ModelError, Throttled
from proxy.routing.call import Call
from proxy.routing.member import Member
from proxy.routing.model import PublicModel
from proxy.routing.times import Times
from tests.proxy.routing.groups import (
    ASK,
    GOOD,
    LAST,
    TOKEN,
    Clock,
    Pauses,
    broken,
    member,
    model,
    new_call,
    pool,
    script,
)

WHOLE: dict[str, Any] = {
    "good": lambda: GOOD,
    "broken": broken,
    "throttled": lambda: Throttled("x", retry_after=2),
    "refused": lambda: ModelError("bad", status=422),
    "nonsense": lambda: b"no json",
    "hangs": lambda: None,
}
STREAMED: dict[str, Any] = {
    "good": lambda: [TOKEN, LAST],
    "ends early": lambda: [TOKEN],
    "breaks at once": lambda: [broken()],
    "breaks later": lambda: [TOKEN, broken()],
    "hangs later": lambda: [TOKEN, None],
    "hangs": lambda: [None],
    "broken": broken,
    "refused": lambda: ModelError("bad", status=400),
}
SCRIPTS = st.tuples(
    st.lists(st.sampled_from(sorted(WHOLE)), min_size=1, max_size=6),
    st.lists(st.sampled_from(sorted(STREAMED)), min_size=1, max_size=6),
)
#: Of one request: whether it is a stream, chunks that its client reads, steps until it is left.
CLIENTS = st.tuples(st.booleans(), st.integers(1, 9), st.none() | st.integers(0, 12))


def group(scripts: list[tuple[list[str], list[str]]], clock: Clock) -> list[Member]:
    return [
        member(
            f"d{place}",
            script(
                *(WHOLE[name]() for name in whole), streams=[STREAMED[name]() for name in streamed]
            ),
            clock,
            order=place // 2,
            times=Times(total=0.03),
        )
        for place, (whole, streamed) in enumerate(scripts)
    ]


async def ask(asked: PublicModel, *, stream: bool, chunks: int) -> None:
    """Be a client that reads some chunks, and goes."""
    call = new_call(stream=stream)
    if not stream:
        await asked.call(call, ASK)
        return
    answer = await asked.stream(call, ASK)
    try:
        for _ in range(chunks):
            await anext(answer, None)
    finally:
        await answer.aclose()


async def leave(task: asyncio.Task[None], steps: int | None) -> None:
    """Cancel a client's request after so many turns of the loop."""
    if steps is None:
        return
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()


@settings(max_examples=40, deadline=None)
@given(
    scripts=st.lists(SCRIPTS, min_size=1, max_size=3),
    clients=st.lists(CLIENTS, min_size=1, max_size=12),
)
def test_nothing_stays_under_way(
    scripts: list[tuple[list[str], list[str]]], clients: list[tuple[bool, int, int | None]]
) -> None:
    """No call is counted as running in the end, no stream is open, and each is reported once."""
    clock = Clock()
    members = group(scripts, clock)
    reported: list[Call] = []
    asked = model(pool(*members, pauses=Pauses(clock)), report=reported.append)

    async def scene() -> list[object]:
        tasks = [
            asyncio.ensure_future(ask(asked, stream=stream, chunks=chunks))
            for stream, chunks, _ in clients
        ]
        await asyncio.gather(
            *(leave(task, steps) for task, (*_, steps) in zip(tasks, clients, strict=True))
        )
        await asyncio.wait(tasks, timeout=0.1)
        for task in tasks:
            task.cancel()  # whoever still waits for a stream that hangs
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = asyncio.run(scene())

    assert all(
        result is None or isinstance(result, GatewayError | asyncio.CancelledError)
        for result in results
    ), results
    assert [each.live.in_flight for each in members] == [0] * len(members)
    assert len({id(call) for call in reported}) == len(reported) <= len(clients)
    for each in members:
        opened = each.endpoint.invoker.opened  # type: ignore[attr-defined]  # ours is scripted
        assert all(stream.closed.is_set() for stream in opened)
