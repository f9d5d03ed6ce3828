"""Samples -> tables; and where two states' sources come from."""

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import cli, compare, table
from benchmarks.cells import Cell
from benchmarks.figures import Results, Sample, Timing
from benchmarks.summary import rows
from benchmarks.targets.sagegate import HERE

CELL = Cell(name="chat", clients=1)


def sample(target: str, number: int, *, cpu: float, lasts: float = 0.01) -> Sample:
    timing = Timing(
        answers=100,
        tokens=12800,
        seconds=100 * lasts,
        p50=lasts,
        p99=2 * lasts,
        first_p50=lasts,
        first_p99=lasts,
        gap_p99=0.0,
        latest=2 * lasts,
    )
    return Sample(cell="chat", target=target, round=number, timing=timing, cpu=cpu)


def test_states_are_compared_within_their_rounds() -> None:
    """Half the processor time in each round is 0.500, however slow a round was for both."""
    samples = [
        sample(target, number, cpu=cpu * slowness, lasts=0.01 * slowness)
        for number, slowness in enumerate((1.0, 7.0, 2.0))
        for target, cpu in (("before", 0.2), ("after", 0.1))
    ]
    line = compare.table(samples, [CELL], "before", "after").splitlines()[-1]
    assert line.split("|")[1:-1] == [
        " chat           ",
        "         0.500 ",
        " 0.500 to 0.500 ",
        " 1.000 ",
        "     1.000 ",
        "     3 ",
    ]


def test_a_round_without_its_partner_does_not_count() -> None:
    """Where one of the two was void, there is no pair; without any the line is void."""
    samples = [
        sample("before", 0, cpu=0.1),
        sample("before", 1, cpu=0.1),
        Sample(cell="chat", target="after", round=0, fault="wrong"),
    ]
    assert "chat: after: void: wrong" in compare.table(samples, [CELL], "before", "after")
    samples.append(sample("after", 1, cpu=0.1))
    assert "| 1.000 |" in compare.table(samples, [CELL], "before", "after").replace("  ", "")


def test_what_is_added_is_the_excess_over_the_direct_answer() -> None:
    """Added times are differences within a round, and unknown where nobody was asked directly."""
    direct, gateway = sample("direct", 0, cpu=0.0), sample("sagegate", 0, cpu=0.5, lasts=0.04)
    _, row = rows([direct, gateway], "chat", "sagegate")
    assert row.added_p50 == pytest.approx(0.03)
    assert row.added_p99 == pytest.approx(0.06)
    assert row.cpu == pytest.approx(0.005)
    assert row.ratio == 1.0
    alone = Results(machine="m", upstream="http", samples=(gateway,), footprints=())
    line = list(table.tables(alone, [CELL], "sagegate"))[1].splitlines()[-1]
    assert [text.strip() for text in line.split("|")][5:7] == ["", ""]


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    """A folder of sources is used in its place, and stays there."""
    with compare.tree(str(tmp_path), tmp_path / "new") as found:
        assert found == tmp_path
    assert tmp_path.exists()


def test_a_commit_is_taken_out_of_git(tmp_path: Path) -> None:
    """A commit's sources are there for as long as they are measured, and git forgets them then."""
    place = tmp_path / "new"
    with compare.tree("HEAD", place) as found:
        assert found == place
        assert (found / "proxy" / "__main__.py").is_file()
    assert not place.exists()
    listed = subprocess.run(
        ["git", "worktree", "list"], cwd=HERE, check=True, capture_output=True, text=True
    )
    assert str(place) not in listed.stdout


def test_two_states_are_measured_side_by_side(tmp_path: Path) -> None:
    """One command compares two states; where one's answers are wrong there is no figure, but why.

    The later state loses the blanks between the words of text containers' streams, nothing else.
    """
    shutil.copytree(HERE / "proxy", tmp_path / "proxy")
    shutil.copytree(HERE / "adapters", tmp_path / "adapters")
    source = tmp_path / "adapters" / "text" / "stream.py"
    start, right, end = source.read_text().partition("write_texts(self._around, texts)")
    assert right
    source.write_text(f"{start}write_texts(self._around, map(str.lstrip, texts)){end}")
    arguments = ["--compare", str(HERE), str(tmp_path), "--cells", "32 at once"]
    outcome = CliRunner().invoke(cli.main, [*arguments, "--rounds", "1", "--seconds", "0.05"])
    assert outcome.exit_code == 0, outcome.output
    ratios, why = outcome.stdout.split("\n\n")
    *_, chat, text = ([*map(str.strip, line.split("|"))] for line in ratios.splitlines())
    assert chat[1] == "chat streams, 32 at once"
    assert float(chat[2]) > 0
    assert chat[6] == "1"
    assert text[1:-1] == ["text streams, 32 at once", "void", "", "", "", "0"]
    assert why.startswith(
        "text streams, 32 at once: after: void: another text, or another end: "
        "['stop'] 'Firstlyword1"
    )


def test_an_unknown_commit_is_an_error(tmp_path: Path) -> None:
    """What is neither a folder nor a commit is not measured."""
    with (
        pytest.raises(subprocess.CalledProcessError),
        compare.tree("no-such-commit", tmp_path / "new"),
    ):
        pass
    assert HERE.exists()
