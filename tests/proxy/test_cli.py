"""The command line: flags, environment, exit codes and messages, short of serving."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli import main
from proxy.flags import FOREIGN_FLAGS, ForeignFlag
from proxy.listen import listen
from proxy.version import version

CONFIG = """\
model_list:
  - model_name: m
    litellm_params:
      model: sagemaker/my-endpoint
      aws_access_key_id: AKIAEXAMPLE
      aws_secret_access_key: example-secret
      aws_region_name: eu-west-1
"""
#: Everything that the command reads from the environment, unset unless a test sets it.
UNSET = dict.fromkeys(
    """CONFIG_FILE_PATH HOST PORT NUM_WORKERS DEBUG DETAILED_DEBUG LITELLM_MASTER_KEY
    LITELLM_MASTER_KEY_FILE LITELLM_CONFIG_BUCKET_NAME LITELLM_CONFIG_BUCKET_OBJECT_KEY
    LITELLM_CONFIG_BUCKET_TYPE
    AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION_NAME AWS_REGION
    AWS_DEFAULT_REGION AWS_PROFILE AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE""".split(),  # noqa: SIM905 - a word list
)


def run(*arguments: str, environ: Mapping[str, str] | None = None) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments, env={**UNSET, **(environ or {})})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a valid configuration file."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


def test_nothing_to_serve_names_the_two_ways() -> None:
    """Without a configuration or a model there is one line with both ways, and code 2."""
    result = run()
    assert result.exit_code == 2
    assert "--config config.yaml, or CONFIG_FILE_PATH" in result.stderr
    assert "--model sagemaker_chat/my-endpoint" in result.stderr


def test_validating_says_how_many_models(config: Path) -> None:
    """A valid file is one line and code 0, by flag or variable, with hyphens or underscores."""
    by_flag = run("-c", str(config), "--validate_config")
    by_variable = run("--validate-config", environ={"CONFIG_FILE_PATH": str(config)})
    for result in (by_flag, by_variable):
        assert (result.exit_code, result.stdout) == (0, "configuration is valid: 1 model\n")
    config.write_text(CONFIG + CONFIG.removeprefix("model_list:\n"))
    two = run("--config", str(config), "--validate_config")
    assert two.stdout == "configuration is valid: 2 models\n"


def test_validating_prints_every_problem(config: Path) -> None:
    """An invalid file is code 1 with the list on standard error; lenient warns instead."""
    config.write_text(CONFIG + "      aws_unheard_of: 1\nlitellm_setings: {}\n")
    result = run("--config", str(config), "--validate_config")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert [line.split(":")[1] for line in result.stderr.splitlines()] == ["8", "9"]
    lenient = run("--config", str(config), "--validate_config", "--lenient")
    assert lenient.exit_code == 0
    assert len(lenient.stderr.splitlines()) == 2


def test_the_registrys_checks_have_a_place_too(config: Path) -> None:
    """What only the adapters know, such as an endpoint's name, is told with file and line."""
    config.write_text(CONFIG.replace("my-endpoint", "<your-endpoint-name>"))
    result = run("--config", str(config), "--validate_config")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{config}:4:7: model_list[0].litellm_params.model: ")


@pytest.mark.parametrize(
    ("name", "words"),
    [("gone.yaml", "there is no such file"), (".", "is a directory, expected a file")],
)
def test_an_unreadable_file_is_one_line(tmp_path: Path, name: str, words: str) -> None:
    """H7: a missing file and a directory are code 1 and one line."""
    result = run("--config", str(tmp_path / name))
    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path / name}: {words}\n"


def test_a_model_named_by_hand_beats_the_environments_file() -> None:
    """An image that sets CONFIG_FILE_PATH can still serve one model; two flags can't be meant."""
    environ = {"CONFIG_FILE_PATH": "missing.yaml"}
    model = ("--model", "sagemaker/my-endpoint", "--validate_config")
    assert run(*model, environ=environ).exit_code == 0
    assert run(*model, "--config", "missing.yaml").exit_code == 2


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('{"X-Amzn-SageMaker-Custom-Attributes": "accept_eula=true"}', 0, "valid"),
        ('{"Authorization": "x"}', 1, "SageMaker takes no header"),
        ("{", 2, "expected JSON"),
        ('{"a": 1}', 2, "expected JSON"),
        ("[]", 2, "expected JSON"),
    ],
)
def test_headers_of_the_one_model(text: str, code: int, words: str) -> None:
    """`--headers` takes what SageMaker takes, and says in one line what it does not."""
    result = run("--model", "sagemaker/e", "--headers", text, "--validate_config")
    assert result.exit_code == code
    assert words in result.output


def test_one_model_needs_no_file() -> None:
    """`--model` builds a configuration that goes through the same checks."""
    region = {"AWS_REGION": "eu-west-1"}
    arguments = ("--alias", "m", "--api_base", "http://127.0.0.1:1", "--temperature", "0.5")
    good = run("-m", "sagemaker_chat/e", *arguments, "--validate_config", environ=region)
    assert (good.exit_code, good.stdout) == (0, "configuration is valid: 1 model\n")
    bad = run("--model", "openai/e", "--validate_config", environ=region)
    assert bad.exit_code == 1
    assert bad.stderr.startswith("command line: model_list[0].litellm_params.model: expected")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "sagemaker/e"), "give either --config or --model, not both"),
        (("--alias", "a"), "--alias belongs to --model"),
        (("--temperature", "0"), "--temperature belongs to --model"),
        (("--max_tokens", "5"), "--max_tokens belongs to --model"),
        (("--api_base", "http://a"), "--api_base belongs to --model"),
        (("--port", "70000"), "70000 is not in the range"),
        (("--num_workers", "0"), "0 is not in the range"),
        (("--ssl_certfile_path", "gone.pem"), "'gone.pem' does not exist"),
        (("--unheard_of",), "No such option"),
    ],
)
def test_arguments_that_do_not_fit_are_code_2(
    config: Path, arguments: tuple[str, ...], words: str
) -> None:
    """A wrong combination or value is one line that names the flag."""
    result = run("--config", str(config), *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize("flag", FOREIGN_FLAGS, ids=lambda flag: flag.name)
def test_no_flag_of_litellm_is_unheard_of(config: Path, flag: ForeignFlag) -> None:
    """Each other flag of LiteLLM is accepted or refused with one line and its reason."""
    value = ("1",) if flag.valued else ()
    for spelling in (flag.name, flag.name.replace("_", "-")):
        result = run("--config", str(config), "--validate_config", f"--{spelling}", *value)
        if flag.refused:
            assert result.exit_code == 2
            assert f"--{flag.name} is not supported: {flag.reason}" in result.stderr
        else:
            assert result.exit_code == 0
            assert result.stderr == f"--{flag.name}: not used: {flag.reason}\n"


def test_the_version_is_told() -> None:
    """`-v` and `--version` print the name and a version."""
    for flag in ("-v", "--version"):
        result = run(flag)
        assert result.exit_code == 0
        assert result.stdout.startswith("sagegate, version ")


def test_a_tree_that_is_not_installed_has_an_unknown_version() -> None:
    """Running from a bare checkout does not fail for want of a version."""
    assert version("no-such-distribution") == "unknown"


def test_the_emulator_is_a_subcommand() -> None:
    """`sagegate emulate` hands over to the emulator, whose flags keep their hyphens."""
    assert "emulate" in run("--help").stdout
    result = run("emulate", "--help")
    assert result.exit_code == 0
    assert "--access-key" in result.stdout
    assert run("simulate").exit_code == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3"])
def test_an_open_host_without_a_key_refuses_to_start(config: Path, host: str) -> None:
    """A10: by flag or variable, a host beyond this machine needs a key."""
    for result in (
        run("--config", str(config), "--host", host),
        run("--config", str(config), environ={"HOST": host}),
        run("--config", str(config), "--host", host, environ={"LITELLM_MASTER_KEY": "sk-1234"}),
    ):
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1
        assert f"{host} is not loopback: refusing to start" in result.stderr


def test_a_taken_port_is_one_line(config: Path) -> None:
    """H7: a taken port is code 1 and one line, and nothing is printed as if it were served."""
    (bound,) = listen("127.0.0.1", 0)
    with closing(bound):
        port = str(bound.getsockname()[1])
        result = run("--config", str(config), "--port", port)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"port {port} on 127.0.0.1 is taken" in result.stderr


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--ssl_certfile_path", "the certificate"),
        ("--ssl_keyfile_path", "need --ssl_certfile_path"),
        ("--log_config", "the log configuration"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_one_line(
    config: Path, tmp_path: Path, flag: str, words: str
) -> None:
    """H7: an unusable certificate, key or log configuration is code 1 and one line."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("[")
    result = run("--config", str(config), flag, str(wrong))
    assert result.exit_code == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_probes_reach_nobody_in_one_line() -> None:
    """`--health` and `--test` need no configuration; without a gateway they are code 1."""
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = str(unused.getsockname()[1])
        for flag in ("--health", "--test"):
            result = run(flag, "--port", port)
            assert result.exit_code == 1
            assert result.stderr.startswith(f"no gateway answers at http://127.0.0.1:{port}")
