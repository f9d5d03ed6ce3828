"""`sagegate token`: what is printed where, and what is said when it can't be."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner, Result

from proxy.cli import main
from tests.proxy.test_cli import UNSET

PREFIX = "sagemaker-api-key-"
CONFIG = """\
model_list:
  - model_name: static
    litellm_params: &static
      model: sagemaker_chat/my-endpoint
      transport: openai_path
      aws_access_key_id: AKIAEXAMPLE
      aws_secret_access_key: example-secret
      aws_session_token: example-token
      aws_region_name: eu-west-1
  - model_name: ambient
    litellm_params: {model: sagemaker_chat/my-endpoint}
  - model_name: mixed
    litellm_params: *static
  - model_name: mixed
    litellm_params: {model: sagemaker_chat/other, aws_region_name: us-east-1}
  - model_name: mock
    litellm_params: {model: sagemaker_chat/e, mock_response: hello}
  - model_name: team/*
    litellm_params:
      <<: *static
      model: sagemaker_chat/llm-*
      aws_region_name: us-east-2
      discover: {components: true}
      allowed_endpoints: [llm-a*]
router_settings: {model_group_alias: {other-name: team/alpha}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a valid configuration file."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


def run(*arguments: str, environ: Mapping[str, str] | None = None) -> Result:
    """Run the command in this process, in an environment without AWS."""
    bare = {
        **UNSET,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
    return CliRunner().invoke(main, ("token", *arguments), env={**bare, **(environ or {})})


def facts(result: Result) -> dict[str, str]:
    """Give the parts of the one token on standard output."""
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(PREFIX)
    assert result.stdout.endswith("\n")
    url = b64decode(result.stdout.removeprefix(PREFIX).strip(), validate=True).decode()
    parts = parse_qs(url.partition("?")[2], strict_parsing=True)
    return {name: values[0] for name, values in parts.items()}


def test_static_keys(config: Path) -> None:
    """The token is the identity's that serves the model, for its region, and for 15 minutes."""
    result = run("--config", str(config), "--model", "static")
    said = facts(result)
    key, _, region, service, _ = said["X-Amz-Credential"].split("/")
    assert (key, region, service) == ("AKIAEXAMPLE", "eu-west-1", "sagemaker")
    assert said["X-Amz-Security-Token"] == "example-token"
    assert said["X-Amz-Expires"] == "900"
    assert result.stderr == ""


@pytest.mark.parametrize("option", ["--expires-in", "--expires_in"])
@pytest.mark.parametrize("seconds", ["1", "43200"])
def test_its_life_is_chosen(config: Path, option: str, seconds: str) -> None:
    """From a second to twelve hours, in both spellings of the option."""
    said = facts(run("-c", str(config), "-m", "static", option, seconds))
    assert said["X-Amz-Expires"] == seconds


@pytest.mark.parametrize("seconds", ["0", "43201", "-1", "x"])
def test_other_lives_are_refused(config: Path, seconds: str) -> None:
    """AWS takes no other life; that is said before anything is minted."""
    result = run("-c", str(config), "-m", "static", "--expires-in", seconds)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_the_default_chain(config: Path) -> None:
    """Without keys of its own a model is served by AWS's chain, and so is its token."""
    environ = {
        "AWS_ACCESS_KEY_ID": "ASIACHAIN",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "AWS_REGION": "us-east-2",
        "AWS_BEARER_TOKEN_BEDROCK": "bedrock-api-key-x",
        "CONFIG_FILE_PATH": str(config),
    }
    said = facts(run("-m", "ambient", environ=environ))
    assert said["X-Amz-Credential"].startswith("ASIACHAIN/")
    assert "/us-east-2/" in said["X-Amz-Credential"]
    assert said["X-Amz-Security-Token"] == "t"


def test_no_credentials(config: Path) -> None:
    """An empty chain is one line and code 1."""
    result = run("-c", str(config), "-m", "ambient")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("The gateway has no AWS credentials.")


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ("nobody", 2, "there is no such model; there are: static, ambient, mixed, mock, team/*"),
        ("team/other", 2, "there is no such model"),
        ("team/a_b", 2, "there is no such model"),
        ("mock", 1, "its answers are mock_response"),
    ],
)
def test_models_without_a_token(config: Path, model: str, code: int, words: str) -> None:
    """A name that is not there is a wrong argument; one without AWS behind it just has no token."""
    result = run("-c", str(config), "-m", model)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith(f"--model {model}: {words}")


@pytest.mark.parametrize("model", ["team/*", "team/alpha", "team/alpha/part", "other-name"])
def test_a_wildcards_models(config: Path, model: str) -> None:
    """What a wildcard may serve, by an alias too, has its identity; no account is asked."""
    said = facts(run("-c", str(config), "-m", model))
    assert "/us-east-2/" in said["X-Amz-Credential"]


def test_several_identities(config: Path) -> None:
    """Where a model has several, the first one's token is printed, and that is said."""
    result = run("-c", str(config), "-m", "mixed")
    assert "/eu-west-1/" in facts(result)["X-Amz-Credential"]
    assert "the first, my-endpoint in eu-west-1" in result.stderr


def test_a_bad_configuration(tmp_path: Path) -> None:
    """A file that can't be used is told as when serving."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("openai_path", "openai_paht"))
    result = run("-c", str(path), "-m", "static")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{path}:5:")
    assert "did you mean openai_path?" in result.stderr


def test_notices_stay_off_standard_output(tmp_path: Path) -> None:
    """What the configuration has to say does not mix with the token."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + "litellm_settings: {callbacks: [langfuse]}\n")
    result = run("-c", str(path), "-m", "static")
    assert facts(result)
    assert "callbacks" in result.stderr
