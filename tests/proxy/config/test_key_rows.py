"""Rows of `keys`: what is refused, with which words, and that no key is ever shown."""

from __future__ import annotations

import pytest

from proxy.deployments import faults
from tests.proxy.config.workbench import MODEL, Workbench

DIGEST = "a" * 64
ENVIRON = {"AWS_REGION": "eu-west-1"}


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("key: short", "6:5: keys[0].key: a key has at least 12 characters"),
        (
            "key: sha256:abc",
            "6:5: keys[0].key: expected 64 hexadecimal digits behind sha256:",
        ),
        ("alias: a", "6:5: keys[0].key: is required"),
        (
            f"{{key: sha256:{DIGEST}, expires: soon}}",
            "6:84: keys[0].expires: expected a date such as 2027-01-31 or 2027-01-31T12:00:00Z",
        ),
        (f"{{key: sha256:{DIGEST}, models: [a*b*]}}", 'expected one "*" at most'),
        (f"{{key: sha256:{DIGEST}, allowed_routes: [chat]}}", 'a path that begins with "/"'),
        (f"{{key: sha256:{DIGEST}, rpm: -1}}", "keys[0].rpm: "),
        (f"{{key: sha256:{DIGEST}, rpm: 1, rpm_limit: 2}}", "are the same setting: keep one"),
        (f"{{key: sha256:{DIGEST}, max_budget: 5}}", "only virtual keys have budgets"),
        (f"{{key: sha256:{DIGEST}, duration: 30d}}", "a row of the configuration says expires"),
        (f"{{key: sha256:{DIGEST}, team: a}}", "keys[0].team: unknown key"),
    ],
)
def test_refused_rows(bench: Workbench, row: str, line: str) -> None:
    """Each slip is told with its place and in its own words."""
    problems = bench.problems(f"{MODEL}keys:\n  - {row}\n")
    assert len(problems) == 1
    assert line in problems[0]


def test_a_misspelt_limit_is_no_mere_warning(bench: Workbench) -> None:
    """Also with `--lenient` a key never gets more than was meant: slips stay errors."""
    row = f"{{key: sha256:{DIGEST}, model: [a], expire: 2020-01-01}}"
    problems = bench.problems(f"{MODEL}keys:\n  - {row}\n", lenient=True)
    assert any("keys[0].model: belongs" in line for line in problems)
    assert any("did you mean expires?" in line for line in problems)


def test_a_key_is_never_shown(bench: Workbench) -> None:
    """Neither a configuration's text nor an error has the key (case K5)."""
    secret = "sk-the-key-of-somebody"
    loaded = bench.load(f"{MODEL}keys:\n  - key: {secret}\n")
    assert secret not in repr(loaded)
    problems = bench.problems(f"{MODEL}keys:\n  - key: ' {secret}'\n")
    assert secret not in str(problems)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ("[{key: aaaaaaaaaaaa}, {key: aaaaaaaaaaaa}]", ("keys", 1, "key")),
        ("[{key: aaaaaaaaaaaa, alias: x}, {key: bbbbbbbbbbbb, key_alias: x}]", "key_alias"),
        ("[{key: aaaaaaaaaaaa, alias: admin}]", ("keys", 0, "alias")),
        ("[{key: aaaaaaaaaaaa, models: [nowhere]}]", ("keys", 0, "models", 0)),
        ("[{key: aaaaaaaaaaaa, models: [no*]}]", ("keys", 0, "models", 0)),
        ("[{key: aaaaaaaaaaaa, aliases: {a: nowhere}}]", ("keys", 0, "aliases", "a")),
    ],
)
def test_rows_that_do_not_fit_together(bench: Workbench, rows: str, place: object) -> None:
    """A key or an alias stands once, and the models exist."""
    found = faults(bench.load(f"{MODEL}keys: {rows}\n").config, ENVIRON)
    assert [error.path if isinstance(place, tuple) else error.path[-1] for error in found] == [
        place
    ]


def test_good_rows(bench: Workbench) -> None:
    """Names, patterns that fit a model, and the words for every model are fine."""
    rows = f"[{{key: os.environ/K, models: [m, 'm*', '*']}}, {{key: sha256:{DIGEST}}}]"
    text = MODEL.replace("model_name: m\n", "model_name: mm\n") + f"keys: {rows}\n"
    loaded = bench.load(text.replace("[m,", "[mm,"), {"K": "aaaaaaaaaaaa"})
    assert faults(loaded.config, ENVIRON) == []


def test_a_number_is_a_name_too(bench: Workbench) -> None:
    """What nobody would put in quotes is text in a key's row and a wildcard's, and only there."""
    row = f"{{key: sha256:{DIGEST}, alias: 2026, tags: [7], aliases: {{fast: 8}}}}"
    wildcard = "{model: sagemaker_chat/a*, discover: {name_contains: 9}}"
    models = f"{MODEL}  - {{model_name: a*, litellm_params: {wildcard}}}\n"
    config = bench.load(f"{models}keys:\n  - {row}\n").config
    (key,) = config.keys
    assert (key.alias, key.tags, key.aliases) == ("2026", ("7",), {"fast": "8"})
    discover = config.model_list[1].litellm_params.discover
    assert discover is not None
    assert discover.name_contains == "9"
    (problem,) = bench.problems(f"{MODEL}litellm_settings: {{model_alias_map: {{fast: 8}}}}\n")
    assert problem.endswith("expected a text: put it in quotes")
