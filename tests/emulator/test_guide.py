"""The user's guide says what the code does."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from emulator.faults import Fault
from emulator.settings import Endpoint, parse

GUIDE = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()


def fault_names() -> set[str]:
    """The names of all faults in the schema."""
    union = get_args(Fault)[0]
    return {get_args(each.model_fields["fault"].annotation)[0] for each in get_args(union)}


def rows(section: str) -> set[str]:
    """The names in the first column of a section's tables."""
    text = GUIDE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    return {
        name for line in re.findall(r"^\| (`.+?) \|", text, re.MULTILINE) for name in _names(line)
    }


def _names(cell: str) -> list[str]:
    return re.findall(r"`([a-z_]+)`", cell)


def test_every_fault_is_listed() -> None:
    """The table of faults has each fault of the schema, and no other."""
    assert rows("Faults") == fault_names()


def test_every_endpoint_key_is_listed() -> None:
    """The table of endpoint keys has each key of the schema, and no other."""
    kinds = get_args(get_args(Endpoint)[0])
    assert rows("Configuration") == {name for each in kinds for name in each.model_fields}


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(regions:.*?)```", GUIDE, re.DOTALL))
def test_example_loads(block: str) -> None:
    """The configuration example is valid."""
    assert parse(yaml.safe_load(block), "docs").endpoints
