"""Fixtures for every folder of tests."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.fuzz.effort import LONG
from tests.postgres_server import PostgresServer, serve_postgres
from tests.redis_server import RedisServer, serve_redis

# A change is judged by the same examples each time; with FUZZ_SECONDS set, new ones are tried.
settings.register_profile("repeatable", derandomize=not LONG, database=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the session, started when a test first asks: use a key prefix of your own."""
    with serve_redis() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session, started when a test first asks; it has one database."""
    with serve_postgres() as server:
        yield server
