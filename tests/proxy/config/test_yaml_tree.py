"""YAML to a tree: what is accepted, what is refused, and where."""

from __future__ import annotations

import pytest

from proxy.config.problems import Report
from proxy.config.yaml_tree import parse
from tests.proxy.config.workbench import MODEL, Workbench

FORM = "expected keys such as model_list"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", f"config.yaml: is empty: {FORM}"),
        ("# nothing\n", f"config.yaml: is empty: {FORM}"),
        ("- a\n", f"config.yaml: does not hold a mapping: {FORM}"),
        ("text", f"config.yaml: does not hold a mapping: {FORM}"),
        (
            "a:\n\tb: 1\n",
            (
                "config.yaml:2:1: not valid YAML: while scanning for the next token, "
                "found character that cannot start any token"
            ),
        ),
        (
            "a: [1,\n",
            (
                "config.yaml:2:1: not valid YAML: while parsing a flow node, "
                "did not find expected node content"
            ),
        ),
        (
            "a: b: c\n",
            "config.yaml:1:5: not valid YAML: mapping values are not allowed in this context",
        ),
        ("a: *b\n", "config.yaml:1:4: not valid YAML: found undefined alias"),
        (
            "a: 1\n---\nb: 2\n",
            (
                "config.yaml:2:1: not valid YAML: expected a single document in the stream, "
                "but found another document"
            ),
        ),
        ("a: 1\nb: \0\n", "config.yaml:2:4: a control character is not allowed here"),
        ("a: " + "[" * 200_000, "config.yaml:1:103: nested too deeply"),
    ],
)
def test_a_file_that_is_no_configuration_is_one_line(
    bench: Workbench, text: str, line: str
) -> None:
    """A file that can't be parsed gives exactly one line that says where and why."""
    assert bench.problems(text) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2\n", "config.yaml:6:1: a: the key stands here twice, first on line 5"),
        ("a: {b: 1, b: 2}\n", "config.yaml:5:11: a.b: the key stands here twice, first on line 5"),
        ("? [a]\n: b\n", "config.yaml:5:3: expected a text as key"),
        ("a: 0b_\n", "config.yaml:5:1: a: not a number that can be read: put text in quotes"),
        ("a: .nan\n", "config.yaml:5:1: a: expected a finite number"),
        ("a: -.inf\n", "config.yaml:5:1: a: expected a finite number"),
        ("a: &a [*a]\n", "config.yaml:5:4: a[0]: an anchor must not contain itself"),
        (
            "a: {<<: 1}\n",
            (
                "config.yaml:5:1: a: not valid YAML: while constructing a mapping, expected a "
                "mapping or list of mappings for merging, but found scalar"
            ),
        ),
        (
            "a: !!python/object:os.system x\n",
            (
                "config.yaml:5:1: a: the tag tag:yaml.org,2002:python/object:os.system is not "
                "supported: write plain data"
            ),
        ),
        (
            "a: !!set {b}\n",
            "config.yaml:5:1: a: the tag tag:yaml.org,2002:set is not supported: write plain data",
        ),
    ],
)
def test_a_value_that_is_no_plain_data_is_told_at_its_place(
    bench: Workbench, text: str, line: str
) -> None:
    """What YAML allows and a configuration has no use for is refused at its own line and column."""
    assert line in bench.problems(MODEL + text)


def test_what_is_written_out_has_no_bound() -> None:
    """A hundred thousand keys are a long file, not an attack."""
    report = Report()
    root = parse(f"keys: [{'1,' * 120_000}]", "config.yaml", report)
    assert root is not None
    assert len(root.mapping["keys"].items) == 120_000
    report.raise_problems()


def test_aliases_of_aliases_are_bounded(bench: Workbench) -> None:
    """A few lines of aliases can't grow into an unbounded tree."""
    levels = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    problems = bench.problems(MODEL + "\n".join(levels))
    assert "config.yaml: too large, or too many aliases of aliases" in problems


def test_scalars_are_what_they_look_like(bench: Workbench) -> None:
    """Dates stay text, keys are text, numbers with an exponent are numbers unless quoted."""
    loaded = bench.load(
        MODEL
        + """\
      date: 2024-01-01
      small: 1e-3
      quoted: "1e-3"
      logit_bias: {50256: -100, on: 1, null: 2}
      flag: yes
"""
    )
    assert loaded.config.model_list[0].litellm_params.defaults == {
        "date": "2024-01-01",
        "small": 0.001,
        "quoted": "1e-3",
        "logit_bias": {"50256": -100, "on": 1, "null": 2},
        "flag": True,
    }


def test_anchors_and_merge_keys_work(bench: Workbench) -> None:
    """A merged mapping gives what the entry does not say itself, also when it is merged twice."""
    loaded = bench.load(
        """
        model_list:
          - model_name: a
            litellm_params: &first
              model: sagemaker/a
              top_k: 1
              top_p: 0.5
          - model_name: b
            litellm_params: &second
              <<: *first
              model: sagemaker/b
              top_k: 2
          - model_name: c
            litellm_params:
              <<: [*second, *first]
              model: sagemaker_chat/c
          - model_name: d
            litellm_params: *second
        """
    )
    params = [entry.litellm_params for entry in loaded.config.model_list]
    assert [each.address.endpoint for each in params] == ["a", "b", "c", "b"]
    assert [each.defaults for each in params[1:]] == [{"top_k": 2, "top_p": 0.5}] * 3


def test_a_merged_value_is_told_where_it_was_written(bench: Workbench) -> None:
    """A problem of a merged value points at the anchor's line, once, not at the merging entry."""
    problems = bench.problems(
        """
        model_list:
          - model_name: a
            litellm_params: &first
              model: sagemaker/a
              timeout: soon
          - model_name: b
            litellm_params:
              <<: *first
              model: sagemaker/b
        """
    )
    assert [line.split(":")[1:3] for line in problems] == [["5", "7"], ["5", "7"]]
    assert all("timeout: expected a number" in line for line in problems)


def test_a_byte_order_mark_is_no_part_of_the_first_key(bench: Workbench) -> None:
    """A file that an editor began with a byte order mark loads."""
    assert bench.load("\ufeff" + MODEL).config.model_list[0].model_name == "m"
