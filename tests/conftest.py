"""Fixtures for every folder of tests."""

from collections.abc import Iterator

import pytest

from tests.redis_server import RedisServer, serve_redis


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the session, started when a test first asks: use a key prefix of your own."""
    with serve_redis() as server:
        yield server
