"""The operators' guide says what the doctor does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from click import Option

from adapters.answer import Answer
from adapters.base import Head
from proxy.check.caller import Caller
from proxy.check.command import check
from proxy.check.finding import Finding, Level
from proxy.check.report import FINE, FOUND_FAULTS, Patient, Report
from proxy.check.trial import Trial
from proxy.health.small_call import SmallCall
from tests.proxy.check.test_examination import row

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "operations.md").read_text()


def column(head: str) -> set[str]:
    """The names in the first column of the table with this heading."""
    rows = GUIDE.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {name for line in rows for name in re.findall(r"[`]?([\w.\[\]-]+)", line.split("|")[1])}


def keys(value: Any, path: str = "") -> Iterator[str]:
    """The paths of a document; findings have one of their own, wherever they are."""
    if isinstance(value, list):
        yield from ([f"{path}[]"] if path.endswith("findings") else [])
        for each in value:
            yield from keys(each, "findings[]" if path.endswith("findings") else f"{path}[]")
    elif isinstance(value, dict):
        yield from ([path] if path.endswith("invoke") else [])
        for name, each in value.items():
            yield from keys(each, f"{path}.{name}".lstrip("."))
    if not isinstance(value, dict) and not path.endswith(("findings", "[]")):
        yield path


def test_every_key_is_listed() -> None:
    """The table of keys has each key of a document, and no other."""
    found = Finding(level="ok", check="endpoint", text="t", advice="a")
    answer = Answer(body={}, usage_source="container", head=Head())
    trial = Trial(SmallCall(task="chat", seconds=1, answer=answer))
    caller = Caller(identity="i", region="r", models=["m"], findings=[found])
    patient = Patient(row=row(headers=("h",)), findings=(found,), trial=trial)
    document = Report(patients=(patient,), callers=(caller,), notices=("n",)).document()
    lists = {"identities", "deployments"}
    assert column("Key") == set(keys(document)) - lists


def test_every_check_is_listed() -> None:
    """The tables have each level and each check that a finding can have, and no other."""
    sources = [path.read_text() for path in (ROOT / "proxy" / "check").rglob("*.py")]
    calls = (node for text in sources for node in ast.walk(ast.parse(text)))
    named = {
        keyword.value.value
        for call in calls
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg == "check" and isinstance(keyword.value, ast.Constant)
    }
    assert column("Check") == named
    assert column("Level") == set(get_args(Level))


def test_every_option_and_code_is_listed() -> None:
    """The tables have each option of the command and each exit code."""
    options = {name for each in check.params if isinstance(each, Option) for name in each.opts}
    assert column("Option") == options
    codes = {FINE, FOUND_FAULTS, 2}
    assert column("Exit code") == {str(code) for code in codes}
