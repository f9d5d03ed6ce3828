"""What open streams cost, measured on a few of them, and the arithmetic of sizing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from benchmarks.streams.cli import main
from benchmarks.streams.measure import Cost
from benchmarks.streams.sizing import Need, Use

COST = Cost(
    streams=1000,
    idle=80_000_000,
    held=180_000_000,
    after=180_000_000,
    files=2000,
    opening=0.003,
    event=0.0001,
    answer=0.001,
    events_a_second=2000,
)
USE = Use(tokens=20, seconds=30, share=0.5)


def test_a_few_streams() -> None:
    """The command measures real streams of a real gateway, and says what more of them need."""
    arguments = ["--streams", "20", "--pace", "0.1", "--seconds", "1"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells[0] == "20"
    assert all(float(cell) >= 0 for cell in cells)
    assert lines[-1].startswith("| 100000")


def test_streams_that_end_too_soon() -> None:
    """What can't be measured is said, and no figure given."""
    arguments = ["--streams", "2", "--pace", "0.001", "--seconds", "2", "--upstream", "http"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert "|" not in done.output


def test_what_streams_need() -> None:
    """Processor time decides how many processes, and they how much memory and how many files."""
    need = Need(1000, COST, USE)
    assert need.cores == pytest.approx(1000 * (20 * 0.0001 + 0.003 / 30))
    assert (need.processes, need.streams_each) == (5, 200)
    assert need.memory_each == pytest.approx(80e6 + 200 * 100_000)
    assert need.files_each == 500
    assert Need(1000, replace(COST, event=0.0002), USE).processes == 9
    assert need.line()[0] == "1000"
