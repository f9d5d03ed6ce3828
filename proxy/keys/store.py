"""Keys and spend in the database.

Knows SQL, built from expressions only, never from text; refuses to know HTTP and who may ask.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Literal

from sqlalchemy import (
    RowMapping,
    Select,
    case,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.value import value
from proxy.keys.record import KeyRecord
from proxy.keys.spend import Charge, SpendLog, Spent
from proxy.keys.tables import CHANGES, KEYS, SPEND_LOGS
from proxy.keys.unbroken import Running, unbroken

#: Rows that are taken up before others have their turn.
_AT_ONCE = 500
_LISTS = ("models", "routes", "tags")


@value(frozen=True, slots=True)
class Changes:
    """The numbers of the last changes of keys and of what they spent."""

    keys: int
    spend: int


class KeyStore:
    """The database, for one process.

    Attributes:
        running: What is being asked.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.running = Running()

    async def aclose(self) -> None:
        """Close the connections, once nothing is asked any more."""
        await self.running.end()
        await self._engine.dispose()

    @unbroken
    async def changes(self) -> Changes:
        """Give the numbers of the last changes."""
        async with self._reading() as connection:
            row = (await connection.execute(select(CHANGES.c["keys"], CHANGES.c.spend))).one()
        return Changes(row[0], row[1])

    @unbroken
    async def keys_since(self, revision: int, take: Callable[[KeyRecord], None]) -> None:
        """Hand on the keys that were changed, or deleted, after a change; a few at a time."""
        asked = select(KEYS).where(KEYS.c.revision > revision)
        async with self._reading() as connection:
            rows = await connection.stream(asked, execution_options={"yield_per": _AT_ONCE})
            async for row in rows.mappings():
                take(_record(row))

    @unbroken
    async def spends_since(self, revision: int) -> list[Spent]:
        """Give what was spent with the keys whose spend changed after a change."""
        asked = select(KEYS.c.digest, KEYS.c.spend, KEYS.c.budget_reset_at).where(
            KEYS.c.spend_revision > revision, KEYS.c.deleted.is_(False)
        )
        async with self._reading() as connection:
            return [Spent(*row) for row in await connection.execute(asked)]

    @unbroken
    async def find(self, digest: str) -> KeyRecord | None:
        """Give a key that is not deleted."""
        found = await self._records(_there().where(KEYS.c.digest == digest))
        return found[0] if found else None

    @unbroken
    async def named(self, aliases: Iterable[str]) -> list[KeyRecord]:
        """Give the keys of these aliases."""
        return await self._records(_there().where(KEYS.c.alias.in_(tuple(aliases))))

    @unbroken
    async def page(
        self, number: int, size: int, *, alias: str | None = None, digest: str | None = None
    ) -> tuple[list[KeyRecord], int]:
        """Give one page of the keys, the newest first, and how many there are in all."""
        asked = _there()
        if alias is not None:
            asked = asked.where(KEYS.c.alias == alias)
        if digest is not None:
            asked = asked.where(KEYS.c.digest == digest)
        ordered = asked.order_by(KEYS.c.created_at.desc(), KEYS.c.digest)
        async with self._reading() as connection:
            total = await connection.scalar(select(func.count()).select_from(asked.subquery()))
            rows = await connection.execute(ordered.offset((number - 1) * size).limit(size))
            return [_record(row) for row in rows.mappings()], total or 0

    @unbroken
    async def add(self, record: KeyRecord, *, instead_of: str | None = None) -> bool:
        """Keep a new key, maybe in another one's place; False: one of its names is taken."""
        async with self._writing("keys") as (connection, revision):
            if instead_of is not None:
                await connection.execute(_removal([instead_of], record.created_at, revision))
            taken = KEYS.c.digest == record.digest
            if record.alias is not None:
                taken |= KEYS.c.alias == record.alias
            if (await connection.execute(select(KEYS.c.digest).where(taken))).first():
                await connection.rollback()
                return False
            values = {**asdict(record), "revision": revision, "spend_revision": 0}
            await connection.execute(insert(KEYS).values(values))
        return True

    @unbroken
    async def change(self, digest: str, values: Mapping[str, Any]) -> KeyRecord | None:
        """Change a key; None: there is none, or its new alias is taken."""
        async with self._writing("keys") as (connection, revision):
            alias = values.get("alias")
            if alias is not None:
                others = select(KEYS.c.digest).where(KEYS.c.alias == alias, KEYS.c.digest != digest)
                if (await connection.execute(others)).first():
                    await connection.rollback()
                    return None
            changed = (
                update(KEYS)
                .where(KEYS.c.digest == digest, KEYS.c.deleted.is_(False))
                .values({**values, "revision": revision})
                .returning(KEYS)
            )
            row = (await connection.execute(changed)).mappings().first()
            return None if row is None else _record(row)

    @unbroken
    async def remove(self, digests: Sequence[str], now: float) -> None:
        """Make keys be none any more; their digests stay, so that they never come back."""
        async with self._writing("keys") as (connection, revision):
            await connection.execute(_removal(digests, now, revision))

    @unbroken
    async def spend(self, charges: Sequence[Charge], logs: Sequence[SpendLog]) -> list[Spent]:
        """Write down what requests have cost, all of it or nothing; give what was spent by now.

        Raises:
            IntegrityError: these requests are written down already.
        """
        async with self._writing("spend") as (connection, revision):
            if logs:
                await connection.execute(insert(SPEND_LOGS), [asdict(log) for log in logs])
            return [await _charged(connection, charge, revision) for charge in charges]

    @unbroken
    async def forget(self, before: float, most: int) -> int:
        """Delete some of the requests that began before a time; give how many that were."""
        old = select(SPEND_LOGS.c.request_id).where(SPEND_LOGS.c.started_at < before).limit(most)
        async with self._engine.begin() as connection:
            gone = delete(SPEND_LOGS).where(SPEND_LOGS.c.request_id.in_(old))
            return (await connection.execute(gone)).rowcount

    @unbroken
    async def logs(
        self,
        *,
        digest: str | None = None,
        request_id: str | None = None,
        since: float | None = None,
        until: float | None = None,
        most: int = 1000,
    ) -> list[SpendLog]:
        """Give what requests have cost, the newest first."""
        asked = select(SPEND_LOGS).order_by(SPEND_LOGS.c.started_at.desc()).limit(most)
        if digest is not None:
            asked = asked.where(SPEND_LOGS.c.digest == digest)
        if request_id is not None:
            asked = asked.where(SPEND_LOGS.c.request_id == request_id)
        if since is not None:
            asked = asked.where(SPEND_LOGS.c.started_at >= since)
        if until is not None:
            asked = asked.where(SPEND_LOGS.c.started_at < until)
        async with self._reading() as connection:
            return [SpendLog(**row) for row in (await connection.execute(asked)).mappings()]

    async def _records(self, asked: Select[Any]) -> list[KeyRecord]:
        async with self._reading() as connection:
            return [_record(row) for row in (await connection.execute(asked)).mappings()]

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        async with self._engine.connect() as connection:
            yield await connection.execution_options(reads=True)

    @asynccontextmanager
    async def _writing(
        self, kind: Literal["keys", "spend"]
    ) -> AsyncIterator[tuple[AsyncConnection, int]]:
        """Begin a transaction with the next number; writers wait for each other there."""
        column = CHANGES.c[kind]
        following = update(CHANGES).values({kind: column + 1}).returning(column)
        async with self._engine.begin() as connection:
            yield connection, (await connection.execute(following)).scalar_one()


def _there() -> Select[Any]:
    return select(KEYS).where(KEYS.c.deleted.is_(False))


def _removal(digests: Sequence[str], now: float, revision: int) -> Any:
    gone = {"deleted": True, "alias": None, "updated_at": now, "revision": revision}
    return update(KEYS).where(KEYS.c.digest.in_(digests)).values(gone)


async def _charged(connection: AsyncConnection, charge: Charge, revision: int) -> Spent:
    over = KEYS.c.budget_reset_at <= charge.now
    added = KEYS.c.spend + charge.amount
    changed = (
        update(KEYS)
        .where(KEYS.c.digest == charge.digest)
        .values(
            spend=case((over, charge.amount), else_=added),
            budget_reset_at=case((over, charge.next_reset), else_=KEYS.c.budget_reset_at),
            spend_revision=revision,
        )
        .returning(KEYS.c.digest, KEYS.c.spend, KEYS.c.budget_reset_at)
    )
    return Spent(*(await connection.execute(changed)).one())


def _record(row: RowMapping) -> KeyRecord:
    values = {name: row[name] for name in KeyRecord.__dataclass_fields__}
    values.update({name: tuple(row[name]) for name in _LISTS})
    return KeyRecord(**values)
