"""What a request costs beside much of something, measured on little of it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from click.testing import CliRunner, Result

from benchmarks.growth import mixed, pages, variants
from benchmarks.growth.cli import main
from benchmarks.growth.variants import Variant
from benchmarks.targets.target import CALLER_KEY
from proxy import deployments
from proxy.config.load import load_values

FEW = ("--many", "20", "--rounds", "1", "--seconds", "0.1")


def told(*names: str) -> list[list[str]]:
    outcome = invoked(*names, *FEW, "--connections", "10", "--megabytes", "0.3")
    assert outcome.exit_code == 0, outcome.output
    lines = [line for line in outcome.output.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_few_and_many() -> None:
    """Each gateway is asked with the key in the middle, and compared with the first."""
    _, _, *lines = told("virtual keys")
    assert [line[0] for line in lines] == ["1 virtual keys", "200 virtual keys"]
    assert lines[0][2] == "1.00"
    assert all(float(cell) > 0 for line in lines for cell in (*line[1:3], *line[5:]))


@pytest.mark.parametrize(
    ("variant", "asked"),
    [
        (variants.models(30), "model-15"),
        (variants.wildcards(30), "family-15/chat"),
        (variants.group(30, "least-busy"), "group"),
        (variants.static_keys(30), "chat"),
    ],
    ids=lambda each: getattr(each, "name", each),
)
def test_there_is_much_of_something(variant: Variant, asked: str) -> None:
    """The configuration is valid, has so many more of something, and what is asked for."""
    params = {"model": "sagemaker_chat/chat", "aws_region_name": "us-east-1"}
    values: dict[str, Any] = {
        "model_list": [{"model_name": "chat", "litellm_params": params}],
        "general_settings": {"master_key": "sk-1234"},
    }
    variant.change(values)
    assert len(values["model_list"]) + len(values.get("keys", ())) == 31
    assert variant.model == asked
    config = load_values(values, "test").config
    built = deployments.entries(config, {})
    assert variant.model in {each.model.replace("*", "chat") for each in built}
    digest = sha256(variant.key.encode()).hexdigest()
    assert variant.key == CALLER_KEY or digest in {each.key for each in config.keys}


def test_pages_and_reloads() -> None:
    """Pages with a line for each model are asked for, and the gateway is reloaded, twice."""
    _, _, *lines = told("pages")
    assert [line[0] for line in lines] == list(pages.ASKED)
    assert all(float(cell) >= 0 for line in lines for cell in line[1:])


def test_large_prompts_beside_small_ones() -> None:
    """Small ones are timed alone, beside texts and beside images, which all get their answers."""
    _, _, *lines = told("prompts")
    assert [line[0] for line in lines] == list(mixed.PROMPTS)
    assert all(int(line[1]) > 0 and float(line[3]) > 0 for line in lines)
    assert [int(line[5]) > 0 for line in lines] == [False, True, True]


def test_idle_connections_and_long_streams() -> None:
    """Both are told as what they add."""
    _, _, idle = told("idle")
    assert (idle[0], float(idle[1]) > 0) == ("10", True)


def test_what_is_unknown_is_told() -> None:
    """A name that is none measures nothing."""
    outcome = invoked("model")
    assert outcome.exit_code == 2
    assert "known are models, patterns" in outcome.output


@pytest.mark.parametrize("content", [mixed.text, mixed.image])
def test_prompts_have_their_size(content: object) -> None:
    """About so many megabytes, as JSON."""
    assert callable(content)
    assert len(repr(content(1.0))) == pytest.approx(1024 * 1024, rel=0.1)
