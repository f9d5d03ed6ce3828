"""The pool at the moments that calls over sockets seldom meet."""

import asyncio
import gc
import math
import weakref
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from adapters.sagemaker.direct.connection import ClosedByPeer, Connection
from adapters.sagemaker.direct.origin import Origin
from adapters.sagemaker.direct.pool import Ages, Pool
from tests.adapters.sagemaker.transport.contract import SOON, eventually
from tests.adapters.sagemaker.transport.plain_server import Plain, listening
from tests.adapters.sagemaker.upstream import Upstream


async def served(peer: Plain) -> None:
    await peer.gone()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A server that takes connections and answers nothing."""
    async with listening(served) as upstream:
        yield upstream


def pool_of(upstream: Upstream, limit: int = 1, ages: Ages | None = None) -> Pool:
    port = urlsplit(upstream.url).port
    assert port
    return Pool(Origin("127.0.0.1", port, None), limit, ages or Ages())


async def in_line(pool: Pool) -> asyncio.Task[Connection]:
    task = asyncio.create_task(pool.make())
    await asyncio.sleep(0)
    return task


@pytest.mark.parametrize("given", ["a connection", "a place"])
async def test_left_in_the_moment_of_ones_turn(upstream: Upstream, given: str) -> None:
    """Who is cancelled when it was their turn passes it on; nothing is lost."""
    pool = pool_of(upstream)
    first = await pool.make()
    leaving, following = await in_line(pool), await in_line(pool)
    if given == "a connection":
        pool.freed(first)
    else:
        pool.lost(first)
        first.abort()
    leaving.cancel()
    connection = await asyncio.wait_for(following, SOON)
    assert leaving.cancelled()
    assert connection.is_open
    assert (connection is first) is (given == "a connection")
    last = await in_line(pool)
    pool.freed(connection)
    assert await asyncio.wait_for(last, SOON) is connection
    await pool.aclose()


async def test_a_connection_that_dies_while_it_is_handed_over(upstream: Upstream) -> None:
    """It is not used, and its place is: by whoever was to get it."""
    pool = pool_of(upstream)
    first = await pool.make()
    waiting = await in_line(pool)
    pool.freed(first)
    first.abort()
    connection = await asyncio.wait_for(waiting, SOON)
    assert connection is not first
    assert connection.is_open
    await pool.aclose()


async def test_left_while_a_dead_connection_was_handed_over(upstream: Upstream) -> None:
    """Its place is given back by its end alone: it is there once more, and not twice."""
    pool = pool_of(upstream)
    first = await pool.make()
    leaving = await in_line(pool)
    pool.freed(first)
    first.abort()
    leaving.cancel()
    await asyncio.wait({leaving})
    second = await asyncio.wait_for(pool.make(), SOON)
    waiting = await in_line(pool)
    await asyncio.sleep(0.02)
    assert not waiting.done()
    pool.freed(second)
    assert await asyncio.wait_for(waiting, SOON) is second
    await pool.aclose()


async def test_closing_while_somebody_has_just_left_the_line(upstream: Upstream) -> None:
    """Who is cancelled as the pool closes is cancelled; who waits is told."""
    pool = pool_of(upstream)
    await pool.make()
    leaving, waiting = await in_line(pool), await in_line(pool)
    closing = asyncio.create_task(pool.aclose())
    await asyncio.sleep(0)
    leaving.cancel()
    results = await asyncio.gather(leaving, waiting, closing, return_exceptions=True)
    assert isinstance(results[0], (asyncio.CancelledError, ConnectionAbortedError))
    assert isinstance(results[1], ConnectionAbortedError)
    assert results[2] is None


async def test_closing_while_a_connection_is_made(upstream: Upstream) -> None:
    """A connection that is there only after the end is closed, and its caller told."""
    pool = pool_of(upstream, limit=0)
    making = await in_line(pool)
    await pool.aclose()
    with pytest.raises(ConnectionAbortedError):
        await asyncio.wait_for(making, SOON)
    with pytest.raises(ConnectionAbortedError):
        await pool.make()
    await pool.aclose()


async def test_a_new_connection_where_an_idle_one_takes_the_place(upstream: Upstream) -> None:
    """Who has to have a new one, after a stale one, does not wait until the idle one grows old."""
    pool = pool_of(upstream)
    idle = await pool.make()
    pool.freed(idle)
    made = await asyncio.wait_for(pool.make(), SOON)
    assert made is not idle
    assert (made.is_open, idle.is_open) == (True, False)
    await pool.aclose()


async def test_an_old_connection_is_not_kept(upstream: Upstream) -> None:
    """One that has come to its age goes when it has served, and makes room."""
    pool = pool_of(upstream, ages=Ages(most=0.0))
    first = await pool.make()
    waiting = await in_line(pool)
    pool.freed(first)
    assert await asyncio.wait_for(waiting, SOON) is not first
    assert pool.take() is None
    await pool.aclose()


async def test_idle_ones_are_looked_at_again(upstream: Upstream) -> None:
    """Those that are younger stay; in the end none is left."""
    pool = pool_of(upstream, limit=0, ages=Ages(idle=0.1))
    first, second = await pool.make(), await pool.make()
    pool.freed(first)
    await asyncio.sleep(0.06)
    pool.freed(second)
    await eventually(lambda: not first.is_open)
    assert second.is_open
    await eventually(lambda: not second.is_open)
    assert pool.take() is None
    await pool.aclose()


async def test_one_that_is_past_its_time_is_not_taken(upstream: Upstream) -> None:
    """Also where nobody has looked at it yet."""
    pool = pool_of(upstream, limit=0, ages=Ages(idle=0.0))
    pool.freed(await pool.make())
    assert pool.take() is None
    await pool.aclose()


async def test_a_question_on_a_closed_connection(upstream: Upstream) -> None:
    """Nothing is written, and the answer has failed at once."""
    pool = pool_of(upstream)
    connection = await pool.make()
    connection.abort()
    inbox = connection.ask(b"POST / HTTP/1.1\r\n\r\n", b"", math.inf)
    assert isinstance(inbox.failure, ClosedByPeer)
    assert connection.asked == 0
    await pool.aclose()


async def test_a_lost_connection_goes_away_by_itself(upstream: Upstream) -> None:
    """No garbage collector has to find it, with its parser and why its last answer failed."""
    pool = pool_of(upstream)
    connection = await pool.make()
    gone = weakref.ref(connection)
    connection.ask(b"", b"", math.inf)
    connection.abort()
    gc.disable()
    try:
        del connection
        await asyncio.wait_for(pool.aclose(), SOON)
        await eventually(lambda: gone() is None)
    finally:
        gc.enable()
