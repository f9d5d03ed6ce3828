"""The file that processes share, at its edges."""

from pathlib import Path

import pytest

from adapters.errors import Overloaded
from proxy.limits.shared import SharedLedger
from proxy.limits.table import PLACES, ROWS, Table
from tests.proxy.limits.bench import Bench, Clock, model


async def test_ledgers_of_one_folder_share_their_counts(tmp_path: Path) -> None:
    """Two on one folder are one limit, from their first moment after boot on."""
    clock = Clock(0.0)
    ledgers = [SharedLedger(tmp_path, clock) for _ in range(2)]
    one, other = (Bench(ledger, clock) for ledger in ledgers)
    await one.take(model(requests=2))
    await other.take(model(requests=2))
    await one.refused(model(requests=2))
    await one.take(model(parallel=1))
    await other.refused(model(parallel=1))
    await ledgers[0].aclose()
    await other.take(model(parallel=1))
    await ledgers[1].aclose()


async def test_rows_of_idle_scopes_are_used_again(tmp_path: Path) -> None:
    """More scopes than rows are fine, as long as not all are in use; counts are never mixed up."""
    clock = Clock()
    ledger = SharedLedger(tmp_path, clock)
    bench = Bench(ledger, clock)
    for number in range(3 * ROWS):
        claim = model(requests=1, name=str(number))
        await bench.take(claim)
        await bench.refused(claim)
        clock.pass_by(0.2)
    await bench.take(model(requests=1, name="0"))
    await ledger.aclose()


async def test_too_many_scopes_in_use_are_refused_not_let_through(tmp_path: Path) -> None:
    """With no row to be had nothing passes uncounted: 503, and what has a row goes on."""
    clock = Clock()
    ledger = SharedLedger(tmp_path, clock)
    bench = Bench(ledger, clock)
    with pytest.raises(Overloaded) as raised:
        await _fill(bench)
    assert raised.value.retry_after == 60
    await bench.take(model(requests=2, name="0"))
    clock.pass_by(61)
    await bench.take(model(requests=2, name="new"))
    await ledger.aclose()


async def _fill(bench: Bench) -> None:
    for number in range(2 * ROWS):
        await bench.take(model(requests=2, name=str(number)))


def test_more_processes_than_places_are_refused(tmp_path: Path) -> None:
    """The one too many does not start, and says why; a place that is given up is free."""
    tables = [Table(tmp_path) for _ in range(PLACES)]
    with pytest.raises(ValueError, match="more than 64 processes"):
        Table(tmp_path)
    tables.pop().close()
    tables.append(Table(tmp_path))
    for table in tables:
        table.close()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """No silent counting for oneself."""
    with pytest.raises(FileNotFoundError):
        Table(tmp_path / "missing")
