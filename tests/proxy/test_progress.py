"""Progress is for people: a line on a terminal, once work takes a moment; nothing anywhere else."""

from __future__ import annotations

import io

import pytest

from proxy.config.load import load_values
from proxy.deployments import faults
from proxy.progress import shown_to_people, silent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nobody_watches() -> None:
    """Into a file or a pipe nothing is written, however long it takes."""
    file = io.StringIO()
    with shown_to_people(file, moment=0)("asking", 2) as done:
        done("a")
        done("b")
    assert shown_to_people(file) is silent
    assert file.getvalue() == ""


def test_quick_work_is_not_shown() -> None:
    """What is done within a moment leaves no line behind."""
    terminal = Terminal()
    with shown_to_people(terminal, moment=60)("asking", 2) as done:
        done("a")
        done("b")
    assert terminal.getvalue() == ""


def test_long_work_is_shown() -> None:
    """The line says what is done, how much of it, and what came last; it ends with its work."""
    terminal = Terminal()
    with shown_to_people(terminal, moment=0)("asking AWS", 2) as done:
        done("chat")
        assert "asking AWS" in terminal.getvalue()
        assert "50%" in terminal.getvalue()
        assert "chat" in terminal.getvalue()
        done("embed")
        done("one more than was thought")
    assert "100%" in terminal.getvalue()
    assert terminal.getvalue().endswith("\n")


def test_a_fault_ends_the_line_too() -> None:
    """What is printed after an error begins on a line of its own."""
    terminal = Terminal()

    def fail() -> None:
        with shown_to_people(terminal, moment=0)("asking", 2) as done:
            done("a")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert terminal.getvalue().endswith("\n")


def test_each_model_is_a_step() -> None:
    """Checking a configuration goes on by its models, good or not."""
    values = {
        "model_list": [
            {"model_name": name, "litellm_params": {"model": f"sagemaker/{endpoint}"}}
            for name, endpoint in (("good", "one"), ("bad", "no good name"))
        ]
    }
    terminal = Terminal()
    config = load_values(values, "test").config
    found = faults(
        config, {"AWS_REGION": "eu-west-1"}, progress=shown_to_people(terminal, moment=0)
    )
    assert len(found) == 1
    assert "checking models" in terminal.getvalue()
    assert "bad" in terminal.getvalue()
