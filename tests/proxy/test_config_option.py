"""`--config`: what the environment names, and what wins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.proxy.test_cli import CONFIG, run

BUCKET = {
    "LITELLM_CONFIG_BUCKET_NAME": "configurations",
    "LITELLM_CONFIG_BUCKET_OBJECT_KEY": "team/config.yaml",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example-secret",
    "AWS_REGION": "eu-west-1",
}
UNREACHABLE = "s3://configurations/team/config.yaml: can't be read: "


@pytest.mark.parametrize(
    "arguments", [("--validate_config",), ("check",), ("token", "--model", "m")]
)
def test_litellms_variables_name_an_object(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """They win over `CONFIG_FILE_PATH`, which images set, in every command; S3 away is code 1."""
    environ = {**BUCKET, "CONFIG_FILE_PATH": str(tmp_path / "gone.yaml")}
    result = run(*arguments, environ=environ)
    assert result.exit_code == 1
    assert UNREACHABLE in result.output
    assert "Traceback" not in result.output


def test_the_command_line_wins(tmp_path: Path) -> None:
    """A file that is named by hand is served, whatever bucket the environment names."""
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    result = run("--config", str(file), "--validate_config", environ=BUCKET)
    assert result.exit_code == 0, result.output


def test_an_object_by_its_url() -> None:
    """`s3://…` is taken wherever a file is."""
    environ = {name: value for name, value in BUCKET.items() if "BUCKET" not in name}
    result = run("--config", "s3://configurations/team/config.yaml", environ=environ)
    assert result.exit_code == 1
    assert UNREACHABLE in result.stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"LITELLM_CONFIG_BUCKET_OBJECT_KEY": ""},
            "LITELLM_CONFIG_BUCKET_NAME needs LITELLM_CONFIG_BUCKET_OBJECT_KEY",
        ),
        (
            {"LITELLM_CONFIG_BUCKET_TYPE": "gcs"},
            "LITELLM_CONFIG_BUCKET_TYPE: only s3 is supported",
        ),
    ],
)
def test_half_a_bucket_is_a_wrong_argument(changes: Mapping[str, str], words: str) -> None:
    """A missing key, or another cloud's bucket, is one line and code 2."""
    result = run("--validate_config", environ={**BUCKET, **changes})
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize("flag", ["--health", "--test"])
def test_a_probes_key_may_stand_in_a_file(flag: str) -> None:
    """`LITELLM_MASTER_KEY_FILE` is read for the probes too; one that is not there is a line."""
    result = run(flag, environ={"LITELLM_MASTER_KEY_FILE": "/gone"})
    assert result.exit_code == 1
    assert "LITELLM_MASTER_KEY_FILE: /gone: there is no such file" in result.stderr
