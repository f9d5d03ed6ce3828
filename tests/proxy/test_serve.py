"""The running command: real processes, real sockets, real signals."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import httpx
import pytest
from pydantic import SecretStr

from proxy.cannot_start import CannotStart
from proxy.config.load import load_values
from proxy.lifecycle.plan import Plan
from proxy.serve import AppFactory, ServerSettings, server_config
from proxy.server import Patience
from proxy.start import Reading, Source
from tests.proxy.test_cli import CONFIG, UNSET

KEY = "sk-long-enough-key"
CHECK_IMPORTS = """
import sys
from proxy.cli import main
try:
    main(["--config", sys.argv[1], "--validate_config"])
except SystemExit as end:
    heavy = {"fastapi", "uvicorn", "aiohttp", "aioboto3", "botocore"}
    print(end.code, sorted(heavy & set(sys.modules)))
"""
#: A configuration that the parent never checked.
BROKEN_WORKERS = """
from proxy.config.load import load_values
from proxy.listen import listen
from proxy.lifecycle.plan import Plan
from proxy.serve import AppFactory, ServerSettings, serve, server_config
from proxy.server import Patience
params = {"model": "sagemaker/e", "format": "no_such_format"}
values = {"model_list": [{"model_name": "m", "litellm_params": params}]}
plan = Plan(config=load_values(values, "test").config)
factory = AppFactory(plan=plan)
serve(server_config(factory, ServerSettings(workers=2)), Patience(), listen("127.0.0.1", 0))
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a valid configuration file that exports a variable."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + f"environment_variables: {{LITELLM_MASTER_KEY: {KEY}}}\n")
    return path


def _environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return {**kept, **(extra or {})}


@contextmanager
def serving(
    *arguments: str, environ: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; give its process and the address that it printed first."""
    command = [sys.executable, "-m", "proxy", "--port", "0", *arguments]
    with subprocess.Popen(
        command, env=_environ(environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            first = cast("IO[str]", process.stdout).readline()
            yield process, first.removeprefix("sagegate serves ").strip()
        finally:
            process.kill()


def _ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_gateway_cleanly(config: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM: code 0, no traceback; before that the printed address answers."""
    with serving("--config", str(config), "--host", "127.0.0.1") as (process, address):
        assert httpx.get(f"{address}/health/liveliness", trust_env=False).status_code == 200
        code, errors = _ended(process, number)
    assert code == 0
    assert "Traceback" not in errors


def test_workers_get_the_configuration_and_the_key(config: Path) -> None:
    """Two spawned workers serve one port; the exported key holds in them; SIGTERM is code 0."""
    arguments = ("--config", str(config), "--host", "127.0.0.1", "--num_workers", "2")
    with serving(*arguments) as (process, address):
        bearer = {"Authorization": f"Bearer {KEY}"}
        for _ in range(4):
            models = f"{address}/v1/models"
            timeout = httpx.Timeout(30)
            refused = httpx.get(models, timeout=timeout, trust_env=False)
            assert refused.status_code == 401
            listed = httpx.get(models, headers=bearer, timeout=timeout, trust_env=False)
            assert [model["id"] for model in listed.json()["data"]] == ["m"]
        code, errors = _ended(process, signal.SIGTERM)
    assert code == 0
    assert "Traceback" not in errors


def test_one_model_is_served_without_a_file() -> None:
    """`--model` with `--alias` serves that name to this machine, and says why only to it."""
    environ = {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example-secret",
        "AWS_REGION": "eu-west-1",
    }
    arguments = ("--model", "sagemaker_chat/my-endpoint", "--alias", "my-model", "--debug")
    with serving(*arguments, environ=environ) as (process, address):
        listed = httpx.get(f"{address}/v1/models", timeout=30, trust_env=False).json()
        assert [model["id"] for model in listed["data"]] == ["my-model"]
        code, errors = _ended(process, signal.SIGTERM)
    assert code == 0
    assert errors.startswith("no master key is set: listening on 127.0.0.1 only\n")
    assert "example-secret" not in errors


def test_a_supervisor_whose_workers_cannot_start_gives_up() -> None:
    """Workers that can't build the application end the command with a code, not in a loop."""
    done = subprocess.run(
        [sys.executable, "-c", BROKEN_WORKERS],
        env=_environ({"AWS_REGION": "eu-west-1"}),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert "startup failed" in done.stderr


def test_the_command_line_wins_over_the_file() -> None:
    """`--request_timeout` and `--drop_params` change what the file says of every request."""
    config = _factory().plan.config
    assert Source().over(config) == config
    said = Source(request_timeout=5, drop_params=True).over(config).litellm_settings
    assert (said.request_timeout, said.drop_params) == (5, True)


def test_https_is_served_with_a_certificate(config: Path, tmp_path: Path) -> None:
    """`--ssl_certfile_path` and its key give https, and `--health` trusts that certificate."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run(
        [
            openssl,
            *[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ],
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    tls = (
        "--ssl_certfile_path",
        certificate,
        "--ssl_keyfile_path",
        key,
        "--ciphers",
        "ECDHE+AESGCM",
    )
    ciphers = ("--ciphers", "ECDHE+AESGCM")
    with serving("--config", str(config), "--host", "127.0.0.1", *tls, *ciphers) as (_, address):
        assert address.startswith("https://127.0.0.1:")
        health = subprocess.run(
            [
                *(sys.executable, "-m", "proxy", "--health"),
                *("--port", address.rpartition(":")[2], "--ssl_certfile_path", certificate),
            ],
            env=_environ(),
            check=True,
            capture_output=True,
            text=True,
        )
    assert '"healthy"' in health.stdout


def test_validating_loads_no_server_and_no_aws(config: Path) -> None:
    """`--validate_config` is quick because the web server and AWS's libraries stay out."""
    done = subprocess.run(
        [sys.executable, "-c", CHECK_IMPORTS, str(config)],
        env=_environ(),
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == ["configuration is valid: 1 model", "0 []"]


def _factory(**params: object) -> AppFactory:
    entry = {"model_name": "m", "litellm_params": {"model": "sagemaker/e", **params}}
    config = load_values({"model_list": [entry]}, "test").config
    plan = Plan(config=config, master_key=SecretStr(KEY), environ={"A_VARIABLE": "t0ken"})
    source = Source(config="config.yaml")
    reread = Reading(source=source, environ={"A_VARIABLE": "t0ken"}, host="127.0.0.1")
    return AppFactory(plan=plan, reread=reread)


def test_the_factory_survives_pickling_and_hides_its_key() -> None:
    """Workers are spawned: what they get pickles, and shows no secret."""
    factory = _factory(aws_session_token="t0ken")
    assert pickle.loads(pickle.dumps(factory)) == factory  # noqa: S301 - our own bytes
    assert KEY not in repr(factory)
    assert "t0ken" not in repr(factory)


def test_ciphers_that_openssl_does_not_know_are_told(tmp_path: Path) -> None:
    """Ciphers without a certificate are refused before anything is bound."""
    with pytest.raises(CannotStart, match="need --ssl_certfile_path"):
        server_config(_factory(), ServerSettings(ciphers="ECDHE+AESGCM"))
    with pytest.raises(CannotStart, match="can't be used"):
        server_config(_factory(), ServerSettings(ssl_certfile=str(tmp_path / "gone.pem")))


def test_the_end_is_announced_where_others_can_see_it() -> None:
    """Without `--drain_notice` there are five seconds of it, and none on loopback."""
    assert ServerSettings().patience_at("0.0.0.0") == Patience(notice=5, grace=60)
    assert ServerSettings().patience_at("127.0.0.1").notice == 0
    assert ServerSettings(drain_notice=3, drain_timeout=9).patience_at("127.0.0.1") == Patience(
        notice=3, grace=9
    )
