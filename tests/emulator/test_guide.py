"""The user's guide says what the code does."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from emulator.endpoints import Endpoint
from emulator.faults import Fault
from emulator.settings import parse

GUIDE = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()


def fault_names() -> set[str]:
    """The names of all faults in the schema."""
    union = get_args(Fault)[0]
    return {get_args(each.model_fields["fault"].annotation)[0] for each in get_args(union)}


def rows(heading: str) -> set[str]:
    """The names in the first column of a section's tables."""
    text = re.split(r"\n##+ ", GUIDE.partition(f"\n{heading}\n")[2])[0]
    return {
        name for line in re.findall(r"^\| (`.+?) \|", text, re.MULTILINE) for name in _names(line)
    }


def _names(cell: str) -> list[str]:
    return re.findall(r"`([a-z_]+)`", cell)


def test_every_fault_is_listed() -> None:
    """The table of faults has each fault of the schema, and no other."""
    assert rows("## Faults") == fault_names()


KINDS = {
    get_args(each.model_fields["kind"].annotation)[0]: set(each.model_fields)
    for each in get_args(get_args(Endpoint)[0])
}
EVERYWHERE = rows("### Every endpoint")
TEXT = rows("### Every endpoint that writes text")


@pytest.mark.parametrize("kind", KINDS)
def test_every_endpoint_key_is_listed(kind: str) -> None:
    """The tables of a kind have each key of its schema, and no other."""
    shared = EVERYWHERE | TEXT if "reply" in KINDS[kind] else EVERYWHERE
    assert shared <= KINDS[kind]
    assert rows(f"### Kind `{kind}`") == KINDS[kind] - shared


def test_every_kind_has_its_section() -> None:
    """The guide has a section for each kind, and no other."""
    assert set(re.findall(r"^### Kind `(.+)`$", GUIDE, re.MULTILINE)) == set(KINDS)


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(regions:.*?)```", GUIDE, re.DOTALL))
def test_example_loads(block: str) -> None:
    """The configuration example is valid."""
    assert parse(yaml.safe_load(block), "docs").endpoints
