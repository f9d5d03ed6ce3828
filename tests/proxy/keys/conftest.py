"""Databases for the keys' tests: each kind, fresh for each test."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from tests.postgres_server import PostgresServer


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """Give the address of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'keys.db'}"


@pytest.fixture
async def postgresql(postgres_server: PostgresServer) -> str:
    """Give the address of an empty PostgreSQL database."""
    connection = await asyncpg.connect(postgres_server.url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    return postgres_server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Give the address of an empty database, of either kind."""
    address: str = request.getfixturevalue(request.param)
    return address
