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


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'keys.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    connection = await asyncpg.connect(server.url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    return server.url
