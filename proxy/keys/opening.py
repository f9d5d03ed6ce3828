"""A database's keys, opened: the only way in, for who may do without SQLAlchemy.

Loads the database's libraries, which are an extra, only when keys are kept in one.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from adapters.errors import ConfigError
from proxy.config.schema import GeneralSettings
from proxy.keys.duration import seconds_of

if TYPE_CHECKING:
    from proxy.keys.desk import KeyDesk
    from proxy.keys.live import LiveKeys
    from proxy.keys.store import KeyStore
    from proxy.routing.call import Report

_TALKATIVE: Final = ("aiosqlite", "alembic", "asyncpg", "sqlalchemy")
_PLACE: Final = ("general_settings", "database_url")


class VirtualKeys(NamedTuple):
    """The keys that are let in, where they are made, and who counts what they cost."""

    live: LiveKeys
    desk: KeyDesk
    #: Makes a report count, too.
    reporting: Callable[[Report], Report]


def quieten() -> None:
    """Keep the libraries from writing statements, with what is in them, into the log."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


async def prepare(general: GeneralSettings) -> None:
    """Make, or bring up to date, a database's tables, so that whoever starts next finds them.

    Raises:
        ConfigError: it can't be used, or its libraries are not installed.
    """
    async with _database(general):
        pass


@asynccontextmanager
async def _database(general: GeneralSettings) -> AsyncIterator[KeyStore | None]:
    """Open a database whose tables are up to date for the block; None without one."""
    address = general.database_url
    if address is None:
        yield None
        return
    quieten()
    try:
        from proxy.keys.database import (  # noqa: PLC0415 - an extra
            bring_up_to_date,
            engine_for,
        )
        from proxy.keys.store import KeyStore  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            "database_url: packages are missing: pip install 'sagegate[keys]'",
            path=_PLACE,
        ) from error
    engine = engine_for(address.get_secret_value())
    store = KeyStore(engine)
    try:
        await bring_up_to_date(engine)
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def virtual_keys(
    general: GeneralSettings, taken: Collection[bytes]
) -> AsyncIterator[VirtualKeys | None]:
    """Open a database for the block; None without one.

    Args:
        general: Its address, and for how long rows of spend stay.
        taken: Digests of keys that are somebody else's.

    Raises:
        ConfigError: it can't be used, or its libraries are not installed.
    """
    async with _database(general) as store:
        if store is None:
            yield None
            return
        from proxy.keys.bookkeeping import keeping_books  # noqa: PLC0415 - an extra
        from proxy.keys.desk import KeyDesk  # noqa: PLC0415 - an extra
        from proxy.keys.live import LiveKeys, in_step  # noqa: PLC0415 - an extra
        from proxy.keys.retention import Retention, retained  # noqa: PLC0415 - an extra

        live = LiveKeys(store)
        retention = Retention(
            seconds_of(general.maximum_spend_logs_retention_period),
            seconds_of(general.maximum_spend_logs_retention_interval),
        )
        async with in_step(live), retained(store, retention):
            yield VirtualKeys(
                live,
                KeyDesk(store, live, taken),
                partial(keeping_books, spending=live.spending),
            )
