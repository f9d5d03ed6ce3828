import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from emulator.cli import announcement, emulate
from emulator.server import listen
from emulator.settings import parse
from tests.emulator.callers import TGI, Emulated

TEMPORARY = """
credentials: [{access_key: ASIAMINE, secret_key: mine, session_token: token}]
endpoints:
  own: {kind: container, container: "http://127.0.0.1:9"}
  shared: {kind: tgi, inference_components: [a, b]}
"""


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A running `python -m emulator` on a free port, and what it printed."""
    command = [sys.executable, "-m", "emulator", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            lines = [running.stdout.readline()]
            while "AWS_SECRET_ACCESS_KEY" not in lines[-1]:
                lines.append(running.stdout.readline())
            yield running, lines
        finally:
            running.terminate()


def address(lines: list[str]) -> str:
    """The base URL that was printed."""
    (line,) = (line for line in lines if "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=" in line)
    return line.partition("=")[2].strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_start_and_stop(number: signal.Signals) -> None:
    """It prints what it serves, serves it, and stops with code 0, also with a stream open."""
    with process() as (running, lines):
        assert any("demo-no-stream" in line and "no streaming" in line for line in lines)
        with Emulated(address(lines)) as emulated:
            emulated.fault("demo-tgi", "slow_records", seconds=300)
            parts = emulated.parts("demo-tgi", TGI)
            assert next(parts)
            running.send_signal(number)
            assert running.wait(10) == 0
            with pytest.raises(Exception, match="reset"):
                next(parts)


def test_options(tmp_path: Path) -> None:
    """The command line's region, key and container stand in the place of the file's."""
    path = tmp_path / "emulator.yaml"
    path.write_text("endpoints:\n  mine: {kind: tgi}\n")
    arguments = [
        "--config",
        str(path),
        "--region",
        "eu-west-1",
        "--container",
        "http://127.0.0.1:9",
    ]
    with process(*arguments, "--access-key", "AKIAMINE", "--secret", "mine") as (_, lines):
        shown = "".join(lines)
        assert "every other endpoint" in shown
        assert "AWS_ACCESS_KEY_ID=AKIAMINE" in shown
        with Emulated(address(lines)) as emulated:
            client = emulated.client("AKIAMINE", "mine", region="eu-west-1")
            answer = client.invoke_endpoint(EndpointName="mine", Body=json.dumps(TGI))
            assert answer["Body"].read()


def test_announcement() -> None:
    """The lines tell of every endpoint's ways, of a session token, and of an exposed address."""
    settings = parse(yaml.safe_load(TEMPORARY), "test")
    shown = "\n".join(announcement(settings, "http://203.0.113.1:1", exposed=True))
    assert "own                      container, http://127.0.0.1:9/" in shown
    assert "shared                   tgi, components: a, b" in shown
    assert "AWS_SESSION_TOKEN=token" in shown
    assert "Whoever reaches this address can read the requests" in shown


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
def test_loopback_is_not_exposed(host: str) -> None:
    """Every loopback address is as good as the default one."""
    with process("--host", host) as (_, lines):
        assert "Whoever reaches this address" not in "".join(lines)


def test_port_taken() -> None:
    """A taken port is one clear line and exit code 1."""
    with listen("127.0.0.1", 0) as listener:
        port = str(listener.getsockname()[1])
        result = CliRunner().invoke(emulate, ["--port", port])
    assert result.exit_code == 1
    assert result.output == (
        f"Error: port {port} of 127.0.0.1 is taken: choose another with --port\n"
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--host", "203.0.113.1"], "can't listen on port 8765 of 203.0.113.1"),
        (["--access-key", "x"], "--access-key and --secret belong together"),
        (["--container", "ftp://x"], "command line: container: URL scheme should be"),
        (["--config", "/nonexistent.yaml"], "/nonexistent.yaml: "),
    ],
)
def test_mistakes(arguments: list[str], text: str) -> None:
    """A mistake on the command line is told in words, with exit code 1."""
    result = CliRunner().invoke(emulate, arguments)
    assert result.exit_code == 1
    assert text in result.output
