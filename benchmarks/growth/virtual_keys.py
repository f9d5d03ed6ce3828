"""A gateway with so many virtual keys in a database of SQLite.

Knows the table's columns, since a hundred thousand keys made one by one would take minutes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from benchmarks.growth.variants import Variant, key_of
from benchmarks.targets.sagegate import Configuration
from benchmarks.targets.target import Ground, Start, Target

_ROW: Final = {
    **dict.fromkeys(("models", "routes", "tags"), "[]"),
    **dict.fromkeys(("aliases", "model_rpm", "model_tpm", "notes"), "{}"),
    **dict.fromkeys(("blocked", "deleted", "spend", "spend_revision"), 0),
    **dict.fromkeys(("created_at", "updated_at"), 1.7e9),
}


def virtual_keys(count: int) -> Start:
    """Give what starts it; the key in the middle asks."""

    @contextmanager
    def start(ground: Ground) -> Iterator[Target]:
        database = ground.folder / f"keys-{count}.db"

        def change(configuration: Configuration) -> None:
            configuration["general_settings"]["database_url"] = f"sqlite:///{database}"

        name = f"{count} virtual keys"
        with Variant(name=name, change=change).start()(ground):
            pass  # it has made the tables
        _fill(database, count)
        variant = Variant(name=name, change=change, key=key_of(count // 2))
        with variant.start()(ground) as target:
            yield target

    return start


def _fill(database: Path, count: int) -> None:
    columns = ("digest", "name", "alias", "revision", *_ROW)
    places = ", ".join("?" * len(columns))
    rows = (
        (sha256(key_of(number).encode()).hexdigest(), "sk-...", f"a{number}", 1, *_ROW.values())
        for number in range(count)
    )
    statement = f"INSERT INTO sagegate_keys ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our own names
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(statement, rows)
        connection.execute("UPDATE sagegate_changes SET keys = 1")
