"""The database's address, a way to it, and its tables brought up to date.

Knows what SQLite and PostgreSQL need to be shared by several processes; refuses to know what is
kept in them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.errors import ConfigError

#: Seconds that a process waits for another one's transaction, or for a connection.
_PATIENCE: Final = 10
#: Connections of one process: one for the administrator, one beside the requests.
_CONNECTIONS: Final = 2
#: Of PostgreSQL's advisory locks: so that one process at a time changes the tables.
_LOCK: Final = 0x5A6E6A7E
#: What a database, or the way to it, fails with.
DATABASE_ERRORS: Final = (
    DBAPIError,
    PoolTimeout,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)
_PLACE: Final = ("general_settings", "database_url")
#: Prisma's own parameters, which LiteLLM's addresses often have.
_FOREIGN: Final = ("connection_limit", "pool_timeout", "connect_timeout", "pgbouncer", "schema")


def engine_for(address: str) -> AsyncEngine:
    """Give the way to a database.

    Nothing of a statement's values is ever written into an error.

    Raises:
        ConfigError: the address is none, or the file can't be made.
    """
    try:
        return _engine(make_url(address))
    except (ArgumentError, TypeError, ValueError):
        raise ConfigError(
            "database_url: expected sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME",
            path=_PLACE,
        ) from None  # the cause repeats the address


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    query = {name: value for name, value in url.query.items() if name not in _FOREIGN}
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg", query=query),
        hide_parameters=True,
        json_deserializer=orjson.loads,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_PATIENCE,
        pool_pre_ping=True,
        connect_args={"timeout": _PATIENCE, "command_timeout": _PATIENCE},
    )


def _sqlite(url: URL) -> AsyncEngine:
    path = Path(url.database or "")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise ConfigError(
            f"database_url: the file can't be opened: {error.strerror}", path=_PLACE
        ) from error
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite", database=str(path.absolute())),
        hide_parameters=True,
        json_deserializer=orjson.loads,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_PATIENCE,
        connect_args={"timeout": _PATIENCE},
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: Any) -> None:
    """Let transactions be ours to begin, and readers not wait for a writer."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take SQLite's one lock for writers at the beginning, where waiting for it still works."""
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


async def bring_up_to_date(engine: AsyncEngine) -> None:
    """Make or change the tables; of several processes one does it, and the others wait for it.

    Raises:
        ConfigError: the database can't be reached, or is of a newer version.
    """
    try:
        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            await connection.run_sync(_migrate)
    except CommandError as error:
        raise ConfigError(
            "database_url: the database was made by a newer version of sagegate", path=_PLACE
        ) from error
    except DATABASE_ERRORS as error:
        raise ConfigError(
            f"database_url: the database can't be used: {type(error).__name__}", path=_PLACE
        ) from error


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "proxy.keys:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
