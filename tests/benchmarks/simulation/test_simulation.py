"""The simulation: the same from the same seed, and right where the answer is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.simulation.cli import main
from benchmarks.simulation.deployment import Deployment
from benchmarks.simulation.replica import all_calls, by_chance, own_calls
from benchmarks.simulation.scenarios import Size, broken, limited, probes, routed
from benchmarks.simulation.timeline import Timeline

DOCS = Path(__file__).parents[3] / "docs" / "scale.md"
TINY = Size(replicas=10, deployments=4, slots=4, seconds=60)


def test_a_tiny_run() -> None:
    """The command prints every table, and the same ones again."""
    arguments = ["--replicas", "5", "--deployments", "3", "--slots", "2", "--seconds", "20"]
    first, second = (CliRunner().invoke(main, arguments) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert first.output == second.output
    assert first.output.startswith("5 replicas, 3 deployments of 2 slots (3 requests/s), 20 s")
    for text in ("`simple-shuffle`", "`least-busy`", "shared", "600 requests a minute"):
        assert text in first.output


def test_events_come_in_their_order() -> None:
    """What is earlier happens first; at the same time, what was asked for first."""
    timeline, seen = Timeline(), list[str]()
    for seconds, name in ((2.0, "c"), (1.0, "a"), (1.0, "b"), (9.0, "never")):
        timeline.after(seconds, lambda name=name: seen.append(name))  # type: ignore[misc]
    timeline.run(5)
    assert seen == ["a", "b", "c"]
    assert timeline.now == 5


def test_a_deployment_has_slots_and_a_queue() -> None:
    """It works on some, lets some wait in their order, and throttles the rest."""
    timeline, ended = Timeline(), list[tuple[int, float]]()
    one = Deployment(timeline, slots=1, queue=1)
    taken = [one.take(2.0, lambda n=n: ended.append((n, timeline.now))) for n in range(3)]  # type: ignore[misc]
    assert taken == [True, True, False]
    assert (one.load, one.throttled) == (2, 1)
    timeline.run(10)
    assert ended == [(0, 2.0), (1, 4.0)]
    assert one.load == 0


def test_more_knowledge_never_throttles_more() -> None:
    """The bound is a bound: with everybody's calls known fewer calls are throttled."""
    chance, own, everything = (
        routed(TINY, measure, 1.0).throttled for measure in (by_chance, own_calls, all_calls)
    )
    assert min(chance, own) >= everything


def test_too_much_is_refused() -> None:
    """Far above what the deployments can do the surplus is refused, far below it nothing."""
    assert routed(TINY, by_chance, 0.2).refused == 0
    assert 0.3 < routed(TINY, by_chance, 2.0).refused < 0.6


def test_shared_rests_spare_calls() -> None:
    """Told of each other's rests the replicas ask a broken deployment far less often."""
    alone, shared = (broken(TINY, 0.5, shared=each).throttled for each in (False, True))
    assert 0 < shared < alone / 2
    assert shared <= TINY.seconds / 5 + 3


def test_shared_probes() -> None:
    """Alone each replica asks at its pace; told of each other they ask about as one would."""
    alone, shared = (probes(TINY, shared=each) for each in (False, True))
    assert alone == pytest.approx(TINY.replicas * 300 / 5.1, rel=0.03)
    assert 300 / 7.6 < shared < 300 / 5.1 + 3


def test_the_page_has_what_the_tool_says() -> None:
    """Figures of the page are this code's, with the defaults and the seed that it names."""
    page = DOCS.read_text(encoding="utf-8")
    for shared, name in ((False, "each replica for itself"), (True, "shared")):
        lines = [line for line in page.splitlines() if line.startswith(f"| {name}")]
        assert any(line.endswith(f" {probes(Size(), shared=shared)} |") for line in lines)


@pytest.mark.parametrize("skew", [0.0, 1.0])
def test_limits(skew: float) -> None:
    """Together they are exact; in parts some of it is lost; each for itself nothing is kept."""
    together = limited(TINY, 100, 2.0, "together", skew)
    assert together.wrongly_refused == 0
    assert together.through == pytest.approx(1, abs=0.05)
    parts = limited(TINY, 100, 1.0, "in parts", skew)
    assert parts.wrongly_refused > 0
    assert parts.through < together.through
    assert limited(TINY, 100, 2.0, "each for itself", skew).through > 1.5
