"""After many faults nothing is left: no file descriptor, no task, no timer, no answer.

Ten thousand of them, unless `SAGEGATE_FAULTS` says how many.
"""

import asyncio
import gc
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from adapters.base import Limits
from adapters.errors import GatewayError
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.direct.connection import Connection
from adapters.sagemaker.direct.inbox import Inbox
from adapters.sagemaker.transport import Client
from tests.adapters.sagemaker.transport.contract import SOON, eventually, exchange, post
from tests.adapters.sagemaker.upstream import Call, Upstream, chunk, head, serve

FAULTS = int(os.environ.get("SAGEGATE_FAULTS", "10000"))
AT_ONCE = 50
CHUNKED = head(200, "a/b", Transfer_Encoding="chunked")


async def _nothing(call: Call) -> None:
    await call.gone()


async def _close(call: Call) -> None:
    call.writer.close()
    raise ConnectionError


async def _reset(call: Call) -> None:
    call.reset()
    raise ConnectionError


async def _half_a_head(call: Call) -> None:
    await call.send(b"HTTP/1.1 200 OK\r\nContent-")
    await _close(call)


async def _half_a_body(call: Call) -> None:
    await call.send(CHUNKED + chunk(b"x" * 1000))
    await _reset(call)


async def _no_http(call: Call) -> None:
    await call.send(b"SSH-2.0\r\n\r\n")


async def _bad_chunk(call: Call) -> None:
    await call.send(CHUNKED + chunk(b"x") + b"zz\r\n")
    await call.gone()


async def _silence(call: Call) -> None:
    await call.send(CHUNKED + chunk(b"x"))
    await call.gone()


async def _too_much(call: Call) -> None:
    while True:
        await call.send(head(200, "a/b") + b"x" * 1_000_000)


WAYS: tuple[Callable[[Call], Awaitable[None]], ...] = (
    Call.answer, _nothing, _close, _reset, _half_a_head, _half_a_body, _no_http, _bad_chunk,
    _silence, _too_much,
)  # fmt: skip


async def fault(client: Client, upstream: Upstream, chance: random.Random) -> None:
    """Meet one fault, in one of many ways to give up."""
    body = b"%d" % chance.randrange(len(WAYS))
    try:
        async with asyncio.timeout(chance.choice((0.001, 0.01, 0.05))):
            response = await post(client, upstream, body, limits=Limits(idle=0.01))
            if chance.random() < 0.2:
                response.close()
            else:
                await response.read_all(100_000)
    except (GatewayError, TimeoutError):
        pass


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_faults_leave_nothing(client: Client) -> None:
    """Descriptors and tasks are as few after many faults as before; the next call works."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    chance = random.Random(8)  # noqa: S311 - the same faults each time

    async def script(call: Call) -> None:
        await WAYS[int(call.body)](call)

    async with serve(script) as upstream:
        assert await exchange(client, upstream, b"0") == b"{}"
        before, tasks = descriptors(), len(asyncio.all_tasks())
        for _ in range(FAULTS // AT_ONCE):
            await asyncio.gather(*(fault(client, upstream, chance) for _ in range(AT_ONCE)))
        assert await asyncio.wait_for(exchange(client, upstream, b"0"), SOON) == b"{}"
        # Those of the server, and the idle ones, are open still.
        await eventually(lambda: descriptors() <= before + 2 * AT_ONCE)
        await eventually(lambda: len(asyncio.all_tasks()) <= tasks + 2 * AT_ONCE)
        await client.aclose()
        await eventually(lambda: descriptors() <= before)
    assert complaints == []


async def test_faults_leave_no_objects(direct: DirectClient) -> None:
    """Answers and connections are gone with their callers."""
    chance = random.Random(8)  # noqa: S311 - the same faults each time

    async def script(call: Call) -> None:
        await WAYS[int(call.body)](call)

    async with serve(script) as upstream:
        for _ in range(FAULTS // AT_ONCE // 4):
            await asyncio.gather(*(fault(direct, upstream, chance) for _ in range(AT_ONCE)))
    await direct.aclose()
    await asyncio.sleep(0)
    gc.collect()
    left = Counter(type(each) for each in gc.get_objects() if isinstance(each, Inbox | Connection))
    assert left[Inbox] <= 2
    assert left[Connection] <= 2
