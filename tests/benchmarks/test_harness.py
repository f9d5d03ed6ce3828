"""The harness itself, with real processes and sockets; sagegate is started once."""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from benchmarks import cli, plot, processes, table
from benchmarks.cells import Cell
from benchmarks.connection import Address
from benchmarks.figures import Results, Sample
from benchmarks.load import ask_once
from benchmarks.questions import Question, WrongAnswer
from benchmarks.runner import Plan, footprints, measure
from benchmarks.targets import direct
from benchmarks.targets.nginx import nginx
from benchmarks.targets.sagegate import sagegate
from benchmarks.targets.target import Ground, NotStarted, Target, started
from benchmarks.upstream.replies import PACE

PLAIN = Cell(name="chat", clients=2)
STREAM = Cell(name="text streams", endpoint="text", stream=True, clients=2)
PACED = Cell(name="paced", endpoint="chat-paced", stream=True, clients=2)


@contextmanager
def fake_runtime(folder: Path, *, tls: bool, verify: bool) -> Iterator[tuple[Ground, Target]]:
    cores = processes.Cores.of_this_machine()
    with direct.upstream(folder, cores, tls=tls, verify=verify) as (runtime, straight):
        yield Ground(upstream=runtime, folder=folder, cores=cores), straight


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[tuple[Ground, Target]]:
    """A fake runtime without TLS, and the target that it is itself."""
    with fake_runtime(tmp_path, tls=False, verify=False) as both:
        yield both


def test_a_tiny_run_measures_sagegate(tmp_path: Path) -> None:
    """One command gives a figure for each target and cell, as a table, as JSON and as a picture."""
    cores = os.sched_getaffinity(0)
    json_file, svg_file = tmp_path / "out.json", tmp_path / "out.svg"
    arguments = ["--seconds", "0.05", "--rounds", "1", "--cells", "1 client", "--nginx", "none"]
    outcome = CliRunner().invoke(
        cli.main, [*arguments, "--json", str(json_file), "--svg", str(svg_file)]
    )
    assert outcome.exit_code == 0, outcome.output
    assert "| direct " in outcome.output
    assert "| sagegate " in outcome.output
    results = orjson.loads(json_file.read_bytes())
    assert {sample["target"] for sample in results["samples"]} == {"direct", "sagegate"}
    assert all(sample["timing"]["answers"] > 0 for sample in results["samples"])
    (footprint,) = results["footprints"]
    assert footprint["start"] > 0
    assert footprint["memory_after"] > 0
    assert svg_file.read_text().count("<rect") == 2
    assert os.sched_getaffinity(0) == cores, "the load generator's cores were its own affair"


def test_sagegate_signs_what_it_sends(tmp_path: Path) -> None:
    """Behind a runtime that checks signatures sagegate is answered, and nobody who has none."""
    with (
        fake_runtime(tmp_path, tls=True, verify=True) as (ground, straight),
        sagegate()(ground) as target,
    ):
        asyncio.run(ask_once(target.address, target.ask(STREAM)))
        with pytest.raises(WrongAnswer, match="status 403"):
            asyncio.run(ask_once(straight.address, straight.ask(PLAIN)))


def test_who_does_not_sign_is_left_out() -> None:
    """Where the runtime checks signatures, nobody goes direct, and nginx is not even started."""
    arguments = ["--verify", "--seconds", "0.05", "--rounds", "1", "--cells", "1 client"]
    outcome = CliRunner().invoke(cli.main, [*arguments, "--nginx", "sh"])
    assert outcome.exit_code == 0, outcome.output
    assert "| sagegate " in outcome.stdout
    assert "direct " not in outcome.stdout
    assert "nginx" not in outcome.stdout


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx on this machine")
def test_the_floor_hands_bytes_on(tmp_path: Path) -> None:
    """nginx, where it is installed, is measured as the floor: the runtime's bytes, over https."""
    with (
        fake_runtime(tmp_path, tls=True, verify=False) as (ground, straight),
        nginx(Path(shutil.which("nginx") or "nginx"))(ground) as floor,
    ):
        plan = Plan(cells=[PLAIN, STREAM], rounds=1, seconds=0.02, warm_up=0.0)
        samples = list(measure(plan, [straight, floor], ground.upstream.process, print))
    assert [(sample.target, sample.fault) for sample in samples] == [
        ("direct", ""), ("nginx", ""), ("direct", ""), ("nginx", ""),
    ]  # fmt: skip


def test_a_wrong_answer_voids_the_cell(ground: tuple[Ground, Target]) -> None:
    """A target that answers wrongly has no figures in that cell, and keeps them in the others."""
    (land, straight), spoken = ground, list[str]()

    def ask(cell: Cell) -> Question:
        question = straight.ask(cell)
        wrong = question.request.replace(b"/endpoints/chat/", b"/endpoints/text/")
        return replace(question, request=wrong)

    wrong = replace(straight, name="wrong", ask=ask)
    plan = Plan(cells=[PLAIN, STREAM], rounds=2, seconds=0.02, warm_up=0.02)
    samples = list(measure(plan, [straight, wrong], land.upstream.process, spoken.append))
    of_wrong = [
        (sample.cell, sample.timing is None) for sample in samples if sample.target == "wrong"
    ]
    assert of_wrong == [("chat", True), ("text streams", False), ("text streams", False)]
    results = Results(machine="m", upstream="http", samples=tuple(samples), footprints=())
    text = "\n".join(table.tables(results, plan.cells, "direct"))
    assert "wrong: void: " in text
    assert "void</text>" in plot.svg(results, plan.cells)
    assert footprints([straight, wrong], samples) == ()


def test_a_paced_stream_takes_its_time(ground: tuple[Ground, Target]) -> None:
    """The runtime gives paced tokens at their pace: never sooner, and each by itself."""
    land, straight = ground
    plan = Plan(cells=[PACED], rounds=1, seconds=0.01, warm_up=0.0)
    (sample,) = measure(plan, [straight], land.upstream.process, print)
    assert sample.timing is not None
    assert sample.timing.p50 >= PACED.nominal
    assert sample.timing.answers == 2
    assert sample.timing.gap_p99 >= 0.009


def test_each_turn_is_warmed_up(ground: tuple[Ground, Target]) -> None:
    """Before each time a target is asked as well, and only the time itself is measured."""
    land, straight = ground
    asked: list[Cell] = []

    def ask(cell: Cell) -> Question:
        asked.append(cell)
        return straight.ask(cell)

    target = replace(straight, ask=ask)
    plan = Plan(cells=[PLAIN], rounds=2, seconds=0.02, warm_up=0.01)
    samples = list(measure(plan, [target], land.upstream.process, print))
    assert len(samples) == 2
    assert asked == [PLAIN] * 4


def test_paced_streams_keep_no_step() -> None:
    """They begin at even distances, and no two of them at the same part of a pace."""
    cell = Cell(name="many", endpoint="chat-paced", stream=True, clients=128)
    begins = [cell.begins(client) for client in range(cell.clients)]
    phases = sorted(begin % PACE for begin in begins)
    assert max(begins) < cell.nominal + PACE
    assert min(later - sooner for sooner, later in pairwise(phases)) > PACE / cell.clients / 2
    assert PLAIN.begins(1) == 0


def test_a_target_that_does_not_start_is_told_with_its_last_words(
    ground: tuple[Ground, Target], tmp_path: Path
) -> None:
    """A process that ends by itself is an error at once, with what it has said."""
    land, straight = ground
    running = processes.running(
        ["sh", "-c", "echo no such luck"], log=tmp_path / "log", cores=land.cores.available
    )
    with (
        pytest.raises(NotStarted, match="no such luck"),
        started("sh", straight.ask, running, lambda _: processes.free_port()),
    ):
        pass


def test_processor_time_of_descendants_counts(tmp_path: Path) -> None:
    """A gateway's workers are part of what it costs, and are kept to its cores."""
    busy = "import os, time\nif os.fork(): os.wait()\nwhile time.process_time() < 0.5: pass"
    arguments = [sys.executable, "-c", busy]
    cores = processes.Cores.of_this_machine().gateway()
    with processes.running(arguments, log=tmp_path / "log", cores=cores) as process:
        while process.cpu < 0.2:
            assert not process.ended
        assert process.memory > 2_000_000
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in (process.pid, int(child)):
            assert os.sched_getaffinity(pid) == {*cores}


def test_nobody_there_is_a_wrong_answer() -> None:
    """No connection is no figure."""
    question = Question(b"", lambda _: None)
    with pytest.raises(WrongAnswer, match="no connection"):
        asyncio.run(ask_once(Address(processes.free_port()), question))


def test_samples_without_timing_are_void() -> None:
    """A sample says what was wrong in the place of figures."""
    assert Sample(cell="c", target="t", round=0, fault="wrong").timing is None
