"""The files: `include`, and every way a file can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.load import load_config
from proxy.config.problems import ConfigProblems
from tests.proxy.config.workbench import MODEL, Workbench


def _model(name: str) -> str:
    return MODEL.replace("model_name: m", f"model_name: {name}")


def test_files_are_joined(bench: Workbench) -> None:
    """Lists are appended, mappings joined, scalars set; names are relative to each file."""
    bench.write(
        _model("second")
        + "include: [third.yaml]\n"
        + "litellm_settings: {request_timeout: 7}\n"
        + "general_settings:\n",
        "more/second.yaml",
    )
    bench.write(_model("third"), "more/third.yaml")
    loaded = bench.load(
        _model("first")
        + "include: [more/second.yaml]\n"
        + "litellm_settings: {request_timeout: 5, json_logs: true}\n"
        + "general_settings: {master_key: sk-long-enough-1}\n"
    )
    config = loaded.config
    assert [entry.model_name for entry in config.model_list] == ["first", "second", "third"]
    assert config.litellm_settings.request_timeout == 7
    assert config.litellm_settings.json_logs is True
    assert config.general_settings.master_key is not None
    assert config.include == ("more/second.yaml",)


def test_a_file_may_consist_of_includes(bench: Workbench) -> None:
    """The models may all stand in included files, named by a variable too."""
    bench.write(MODEL, "models.yaml")
    loaded = bench.load("include: [os.environ/FILE]\n", {"FILE": "models.yaml"})
    assert len(loaded.config.model_list) == 1


def test_problems_of_an_included_file_name_that_file(bench: Workbench) -> None:
    """Place and key path are those of the file in which the value stands."""
    bench.write(_model("second") + "      timeout: soon\n", "second.yaml")
    assert bench.problems(_model("first") + "include: [second.yaml]\n") == [
        "second.yaml:5:7: model_list[0].litellm_params.timeout: expected a number"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[gone.yaml]", "include[0]: gone.yaml: there is no such file"),
        ("[.]", "include[0]: : is a directory, expected a file"),
        ("[config.yaml]", "include[0]: the file includes itself"),
        ("[loop.yaml]", "include[0]: the file includes itself"),
        ("[1]", "include[0]: expected a text: put it in quotes"),
        ("['']", "include[0]: : is a directory, expected a file"),
    ],
)
def test_an_include_that_fails_is_told(bench: Workbench, text: str, line: str) -> None:
    """A missing file, a directory or a cycle is a problem at the include that names it."""
    bench.write("include: [config.yaml]\n", "loop.yaml")
    problems = bench.problems(f"{MODEL}include: {text}\n")
    file = "loop.yaml:1:11" if "loop" in text else "config.yaml:5:11"
    folder = str(bench.folder)
    assert [each.replace(folder, "") for each in problems][:1] == [f"{file}: {line}"]


def test_every_unreadable_file_is_one_line(tmp_path: Path) -> None:
    """A missing file, a directory, foreign bytes and an impossible path: a line, no traceback."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00a")
    cases = {
        str(tmp_path / "gone"): "there is no such file",
        str(tmp_path): "is a directory, expected a file",
        str(binary): "is not UTF-8 text",
        "a\0b": "can't be read: not a usable path",
        str(binary / "below"): "can't be read: Not a directory",
    }
    for path, words in cases.items():
        with pytest.raises(ConfigProblems) as caught:
            load_config(path, {})
        assert str(caught.value) == f"{path}: {words}"
