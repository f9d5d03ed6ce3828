"""Fixtures of the limits' tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.proxy.limits.bench import KINDS, Bench, bench_of
from tests.redis_server import RedisServer


@pytest.fixture(params=KINDS)
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, redis_server: RedisServer
) -> AsyncIterator[Bench]:
    """Each kind of ledger in turn, empty."""
    async with bench_of(request.param, tmp_path, redis_server.url) as made:
        yield made
