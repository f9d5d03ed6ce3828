"""`os.environ/NAME` and `environment_variables`."""

from __future__ import annotations

import pytest

from tests.proxy.config.workbench import MODEL, Workbench

UNSET = "the environment variable GONE is not set"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("      timeout: os.environ/GONE", "5:7: model_list[0].litellm_params.timeout"),
        ("      stop: [a, os.environ/GONE]", "5:17: model_list[0].litellm_params.stop[1]"),
        ("      a: {b: {c: os.environ/GONE}}", "5:15: model_list[0].litellm_params.a.b.c"),
        ("general_settings: {master_key: os.environ/GONE}", "5:20: general_settings.master_key"),
        ("environment_variables: {A: os.environ/GONE}", "5:25: environment_variables.A"),
        ("include: [os.environ/GONE]", "5:11: include[0]"),
        (
            "litellm_settings: {cache_params: {namespace: os.environ/GONE}}",
            "5:35: litellm_settings.cache_params.namespace",
        ),
    ],
)
def test_an_unset_variable_stops_the_start(bench: Workbench, text: str, place: str) -> None:
    """It is told with key, variable, file and line, wherever it stands; nothing else is told."""
    assert bench.problems(f"{MODEL}{text}\n") == [f"config.yaml:{place}: {UNSET}"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("      timeout: os.environ/GONE", "5:7: model_list[0].litellm_params.timeout"),
        ("      stop: [a, os.environ/GONE]", "5:17: model_list[0].litellm_params.stop[1]"),
        ("environment_variables: {A: os.environ/GONE}", "5:25: environment_variables.A"),
        ("include: [os.environ/GONE]", "5:11: include[0]"),
    ],
)
def test_lenient_leaves_unset_variables_out(bench: Workbench, text: str, place: str) -> None:
    """With `lenient` the key is as if it were not there, and there is a warning."""
    loaded = bench.load(f"{MODEL}{text}\n", lenient=True)
    assert f"config.yaml:{place}: warning: {UNSET}" in bench.short(loaded.notices)
    params = loaded.config.model_list[0].litellm_params
    assert params.timeout is None
    assert params.defaults in ({}, {"stop": ["a"]})
    assert dict(loaded.exports) == {}


def test_values_take_the_type_that_the_setting_wants(bench: Workbench) -> None:
    """Numbers and flags are read from variables; `true` and `false` are flags anywhere."""
    loaded = bench.load(
        MODEL
        + """\
      timeout: os.environ/SECONDS
      drop_params: os.environ/YES
      do_sample: os.environ/YES
      watermark: os.environ/NO
      top_k: os.environ/SECONDS
""",
        {"SECONDS": "2.5", "YES": "True", "NO": "false"},
    )
    params = loaded.config.model_list[0].litellm_params
    assert params.timeout == 2.5
    assert params.drop_params is True
    assert params.defaults == {"do_sample": True, "watermark": False, "top_k": "2.5"}


def test_only_the_whole_value_is_a_reference(bench: Workbench) -> None:
    """Text that merely contains the prefix, and keys, are left alone."""
    loaded = bench.load(f"{MODEL}      stop: see os.environ/A\n      os.environ/A: 1\n", {"A": "x"})
    defaults = loaded.config.model_list[0].litellm_params.defaults
    assert defaults == {"stop": "see os.environ/A", "os.environ/A": 1}


def test_a_reference_needs_a_name(bench: Workbench) -> None:
    """A reference to nothing is told, even when lenient."""
    assert bench.problems(f"{MODEL}      stop: os.environ/\n", lenient=True) == [
        (
            "config.yaml:5:7: model_list[0].litellm_params.stop: "
            "expected the name of a variable behind os.environ/"
        )
    ]


def test_the_files_own_variables_are_seen_by_the_rest(bench: Workbench) -> None:
    """`environment_variables` come first, win over the process's, and are given for export."""
    loaded = bench.load(
        MODEL
        + """\
      aws_region_name: os.environ/MY_REGION
environment_variables:
  MY_REGION: eu-west-1
  COPIED: os.environ/OTHER
  OCTAL: 010
  FLAG: true
  NOTHING:
""",
        {"MY_REGION": "us-east-1", "OTHER": "true"},
    )
    assert loaded.config.model_list[0].litellm_params.aws_region_name == "eu-west-1"
    assert dict(loaded.exports) == {
        "MY_REGION": "eu-west-1",
        "COPIED": "true",
        "OCTAL": "010",
        "FLAG": "true",
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PATH", "may not be set here: it decides which code runs"),
        ("LD_PRELOAD", "may not be set here: it decides which code runs"),
        ("LD_LIBRARY_PATH", "may not be set here: it decides which code runs"),
        ("DYLD_INSERT_LIBRARIES", "may not be set here: it decides which code runs"),
        ("PYTHONPATH", "may not be set here: it decides which code runs"),
        ("PythonHome", "may not be set here: it decides which code runs"),
        ("A-B", "expected a name of letters, digits and underscores"),
    ],
)
def test_variables_that_choose_code_are_refused(bench: Workbench, name: str, words: str) -> None:
    """A configuration file can't make the process, or its workers, load other code."""
    assert bench.problems(f"{MODEL}environment_variables:\n  {name}: x\n") == [
        f"config.yaml:6:3: environment_variables.{name}: {words}"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{A: [1]}", "5:25: environment_variables.A: expected a text"),
        ("[a]", "5:1: environment_variables: expected a mapping of keys to values"),
    ],
)
def test_variables_are_text(bench: Workbench, text: str, line: str) -> None:
    """Only scalars can be exported."""
    problems = bench.problems(f"{MODEL}environment_variables: {text}\n")
    assert problems == [f"config.yaml:{line}"]
