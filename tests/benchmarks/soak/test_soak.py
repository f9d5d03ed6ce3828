"""The soak itself: real clients, a real gateway, for seconds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from benchmarks import cli, processes
from benchmarks.connection import Address, Answer
from benchmarks.questions import Question, WrongAnswer
from benchmarks.soak.crowd import Crowd
from benchmarks.soak.visits import VISITS, Visit
from benchmarks.targets.target import Target

QUESTION = Question(b"", lambda _: None)


def answered(status: int, body: bytes) -> Answer:
    return Answer(status, body, 0.0, 1.0, ((1.0, len(body)),))


def test_a_short_soak(tmp_path: Path) -> None:
    """One command lets clients come and leave, and tells what was held meanwhile."""
    json_file = tmp_path / "out.json"
    arguments = ["--soak", "0.03", "--rate", "100", "--json", str(json_file)]
    outcome = CliRunner().invoke(cli.main, arguments)
    assert "each of 180 visits went as it had to" in outcome.output
    assert "nothing is left under way" in outcome.output
    assert "* no tasks are left: " in outcome.output
    told = orjson.loads(json_file.read_bytes())
    assert len(told["readings"]) == 31
    assert told["rest"]["visits"] == 180
    assert told["wrong"] == []


def test_three_in_ten_leave() -> None:
    """The shares of the visits are those that are promised."""
    assert sum(each.share for each in VISITS) == pytest.approx(1.0)
    assert sum(each.share for each in VISITS if each.leaves) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("stream", "status", "body", "good"),
    [
        (False, 500, b"{}", True),
        (False, 200, b"{}", False),
        (True, 200, b'data: {"error":{}}\n\n', True),
        (True, 200, b"data: [DONE]\n\n", False),
    ],
)
def test_a_failure_must_be_one(stream: bool, status: int, body: bytes, good: bool) -> None:
    """Where the container fails, neither a good status nor a stream's good end will do."""
    visit = Visit(name="v", share=1.0, stream=stream, fails=True)
    if good:
        visit.check(answered(status, body), QUESTION)
    else:
        with pytest.raises(WrongAnswer, match="no failure"):
            visit.check(answered(status, body), QUESTION)


def test_what_goes_wrong_is_kept_for_the_end() -> None:
    """Nobody there is no reason to stop, but one to tell."""
    nobody = Target(name="nobody", address=Address(processes.free_port()), ask=lambda _: QUESTION)

    async def visit() -> Crowd:
        crowd = Crowd(nobody, 20.0)
        await crowd.come(0.1)
        await crowd.go()
        return crowd

    crowd = asyncio.run(visit())
    assert len(crowd.wrong) == crowd.ended.total() == 2
    assert crowd.waited() == []
