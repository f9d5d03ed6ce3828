"""The database's beginning: made once by whoever comes first, refused where it can't be used."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Connection

from adapters.errors import ConfigError
from proxy.config.schema import GeneralSettings
from proxy.exposure import master_key
from proxy.keys.database import bring_up_to_date, engine_for
from proxy.keys.opening import virtual_keys
from proxy.keys.record import KeyRecord
from proxy.keys.store import KeyStore
from proxy.keys.tables import METADATA


async def test_several_come_first(database: str) -> None:
    """Of processes that start together one makes the tables, and the others find them made."""
    engines = [engine_for(database) for _ in range(4)]
    await asyncio.gather(*(bring_up_to_date(engine) for engine in engines))
    for engine in engines:
        await engine.dispose()


async def test_the_migrations_lead_to_the_tables(database: str) -> None:
    """After all migrations the database has exactly the tables that the queries are made for."""
    engine = engine_for(database)
    await bring_up_to_date(engine)

    def differences(connection: Connection) -> object:
        options = {"version_table": "sagegate_alembic_version"}
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_keys_of_an_older_version(database: str) -> None:
    """Keys that an earlier version made are there after the step to this one, as they were."""
    engine = engine_for(database)

    def make_first(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", "proxy.keys:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO sagegate_keys (digest, name, models, aliases, routes, blocked, tags, "
            "notes, spend, created_at, updated_at, deleted, revision, spend_revision) VALUES "
            "('d', 'sk-...abcd', '[]', '{}', '[]', false, '[]', '{}', 1.5, 1, 1, false, 1, 0)"
        )

    async with engine.begin() as connection:
        await connection.run_sync(make_first)
    await bring_up_to_date(engine)
    records: list[KeyRecord] = []
    await KeyStore(engine).keys_since(0, records.append)
    (record,) = records
    assert (record.digest, record.spend, record.model_rpm) == ("d", 1.5, {})
    await engine.dispose()


async def test_a_newer_database(sqlite: str) -> None:
    """A database of a newer version is left alone, and said to be one."""
    engine = engine_for(sqlite)
    await bring_up_to_date(engine)
    with sqlite3.connect(sqlite.removeprefix("sqlite:///")) as file:
        file.execute("UPDATE sagegate_alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="newer version"):
        await bring_up_to_date(engine)
    await engine.dispose()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sqlite:////nowhere/at/all/keys.db", "can't be opened"),
        ("postgresql://owner:secret-word@127.0.0.1:1/nothing", "can't be used"),
        ("postgresql://owner:secret-word@127.0.0.1:1/n?sslmode=none", "can't be used|expected"),
    ],
)
async def test_databases_that_cannot_be_used(address: str, words: str) -> None:
    """What is wrong is said without the password."""
    with pytest.raises(ConfigError, match=words) as refused:
        async with virtual_keys(GeneralSettings(database_url=SecretStr(address)), ()):
            raise AssertionError
    assert "secret-word" not in str(refused.value)


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A file that holds something else is refused, and stays as it is."""
    path = tmp_path / "keys.db"
    path.write_text("something else, and long enough to be looked at as a header" * 10)
    with pytest.raises(ConfigError, match="can't be used"):
        async with virtual_keys(GeneralSettings(database_url=SecretStr(f"sqlite:///{path}")), ()):
            raise AssertionError
    assert path.read_text().startswith("something else")


async def test_addresses_made_for_others() -> None:
    """What LiteLLM's addresses have for Prisma is left out, and `sslmode` is understood."""
    address = "postgresql://u:p@db.example.com/keys?sslmode=require&connection_limit=5&schema=x"
    engine = engine_for(address)
    assert dict(engine.url.query) == {"ssl": "require"}
    await engine.dispose()


def test_keys_need_an_administrator() -> None:
    """A database without a master key is refused: nobody could make a key."""
    settings = GeneralSettings(database_url=SecretStr("sqlite:////tmp/keys.db"))
    with pytest.raises(ConfigError, match="need an administrator"):
        master_key(settings, {})
    assert master_key(settings, {"LITELLM_MASTER_KEY": "x"}) is not None


@pytest.mark.parametrize(
    "address", ["mysql://h/x", "keys.db", "sqlite://keys.db", "sqlite:///", "sqlite://"]
)
def test_addresses_that_are_none(address: str) -> None:
    """Only SQLite's files and PostgreSQL are taken."""
    with pytest.raises(ValueError, match="expected"):
        GeneralSettings(database_url=SecretStr(address))
