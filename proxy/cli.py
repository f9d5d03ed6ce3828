"""The command `sagegate`: arguments and environment in, one clear line out when they don't fit.

Flags are LiteLLM's; every one may be written with hyphens too. Knows click; the work is in
`start` and `probe`, and for the commands in modules of their own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, MutableMapping
from importlib import import_module
from typing import Any

import click
from click.core import ParameterSource

from adapters.errors import ConfigError
from proxy.cannot_start import CannotStart, CannotUse
from proxy.config.document import Unreadable
from proxy.config.variable import read_variable
from proxy.config_option import ConfigOption
from proxy.flags import foreign_flags
from proxy.garbage import unlooked_for
from proxy.limits.table import PLACES
from proxy.markers import check_packages
from proxy.version import version

_TWO_WAYS = (
    "nothing to serve: give a configuration (--config config.yaml, or CONFIG_FILE_PATH) or one "
    "model (--model sagemaker_chat/my-endpoint)"
)
#: Flags that describe the one model of `--model`.
_ONE_MODEL = ("alias", "api_base", "temperature", "max_tokens", "headers")
_SOURCE = ("config", "lenient", "model", *_ONE_MODEL, "request_timeout", "drop_params")
#: Flags that are settings of the server by the same names.
_AS_THEY_ARE = ("headers_timeout", "body_timeout", "write_timeout", "hsts_max_age")
_COMMANDS = {
    "check": "proxy.check.command",
    "demo": "proxy.demo",
    "emulate": "emulator.cli",
    "migrate": "proxy.migrate.command",
    "token": "proxy.token",
}
_FILE = click.Path(exists=True, dir_okay=False)
_A_DAY = 86_400
_POSITIVE = click.FloatRange(min=0, max=_A_DAY, min_open=True)
_TRUE = frozenset(("1", "true", "yes", "on"))


def _headers(text: str | None) -> dict[str, str] | None:
    """Read the value of `--headers`."""
    if text is None:
        return None
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise CannotUse('--headers: expected JSON such as {"name": "value"}')
    return read


class _Commands(click.Group):
    """The commands beside serving; each is loaded when it is asked for, so serving starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(_COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"token_normalize_func": lambda name: name.replace("-", "_")},
)
@click.option(
    "-c",
    "--config",
    cls=ConfigOption,
    envvar="CONFIG_FILE_PATH",
    metavar="FILE",
    help="config.yaml, or s3://BUCKET/KEY",
)
@click.option(
    "--host", envvar="HOST", help="Address to bind; 0.0.0.0, or 127.0.0.1 without a master key."
)
@click.option(
    "--port",
    envvar="PORT",
    type=click.IntRange(0, 65535),
    default=4000,
    show_default=True,
    help="Port to bind; 0 picks a free one.",
)
@click.option(
    "--num_workers",
    envvar="NUM_WORKERS",
    type=click.IntRange(min=1, max=PLACES),
    default=1,
    show_default=True,
    help="Processes.",
)
@click.option("-m", "--model", help="Serve this one model, without a file.")
@click.option("--alias", help="The public name of --model.")
@click.option("--api_base", help="The base URL of --model.")
@click.option("--temperature", type=float, help="Default of --model.")
@click.option("--max_tokens", type=click.IntRange(min=1), help="Default of --model.")
@click.option(
    "--headers",
    callback=lambda _context, _parameter, text: _headers(text),
    help='X-Amzn-SageMaker-* headers of --model, as JSON: {"name": "value"}.',
)
@click.option("--request_timeout", type=_POSITIVE, help="Seconds that a request may take.")
@click.option("--drop_params", is_flag=True, help="Drop parameters that a container can't take.")
@click.option("--debug", is_flag=True, help="Log more; also DEBUG=true.")
@click.option("--detailed_debug", is_flag=True, help="The same; also DETAILED_DEBUG=true.")
@click.option("--validate_config", is_flag=True, help="Check the configuration and exit.")
@click.option("--lenient", is_flag=True, help="Unknown keys and unset variables only warn.")
@click.option("--health", is_flag=True, help="Ask a running gateway whether it is ready.")
@click.option("--test", is_flag=True, help="Let a running gateway's first model answer a chat.")
@click.option(
    "--ssl_keyfile_path",
    envvar="SSL_KEYFILE_PATH",
    type=_FILE,
    help="The certificate's private key.",
)
@click.option(
    "--ssl_certfile_path",
    envvar="SSL_CERTFILE_PATH",
    type=_FILE,
    help="Serve https with this certificate.",
)
@click.option("--ciphers", help="The ciphers of https, as OpenSSL spells them.")
@click.option(
    "--hsts_max_age",
    envvar="HSTS_MAX_AGE",
    type=click.IntRange(min=0),
    help="Seconds for which browsers keep to https.",
)
@click.option(
    "--keepalive_timeout",
    envvar="KEEPALIVE_TIMEOUT",
    type=click.IntRange(min=1, max=_A_DAY),
    default=65,
    show_default=True,
    help="Seconds that an idle connection is kept.",
)
@click.option(
    "--drain_notice",
    envvar="DRAIN_NOTICE",
    type=click.FloatRange(min=0, max=_A_DAY),
    help="Seconds from SIGTERM until new connections are refused; 5, or 0 on loopback.",
)
@click.option(
    "--drain_timeout",
    envvar="DRAIN_TIMEOUT",
    type=click.FloatRange(min=0, max=_A_DAY),
    default=60,
    show_default=True,
    help="Seconds from then until open requests are cut.",
)
@click.option(
    "--limit_concurrency",
    envvar="LIMIT_CONCURRENCY",
    type=click.IntRange(min=1),
    help="Connections at once, of each process; beyond: 503.",
)
@click.option(
    "--headers_timeout",
    envvar="HEADERS_TIMEOUT",
    type=_POSITIVE,
    default=10,
    show_default=True,
    help="Seconds for a request's headers.",
)
@click.option(
    "--body_timeout",
    envvar="BODY_TIMEOUT",
    type=_POSITIVE,
    default=30,
    show_default=True,
    help="Seconds for a request's body, and one more for each 16 KiB.",
)
@click.option(
    "--write_timeout",
    envvar="WRITE_TIMEOUT",
    type=_POSITIVE,
    default=60,
    show_default=True,
    help="Seconds for which a client may take nothing of its answer.",
)
@click.option("--log_config", type=_FILE, help="Python logging configuration (.ini, .json, .yaml).")
@click.version_option(version(), "-v", "--version", prog_name="sagegate")
@foreign_flags
@click.pass_context
def main(context: click.Context, /, **flags: Any) -> None:
    """Serve Amazon SageMaker endpoints as an OpenAI-compatible API."""
    if context.invoked_subcommand is not None:
        return
    if flags["model"] and context.get_parameter_source("config") is ParameterSource.ENVIRONMENT:
        flags["config"] = None  # a model named by hand beats a file that the environment names
    try:
        _run(flags, os.environ)
    except ConfigError as error:
        raise CannotStart(str(error)) from error


def _run(flags: Mapping[str, Any], environ: MutableMapping[str, str]) -> None:
    check_packages()
    if flags["health"] or flags["test"]:
        click.echo(_probed(flags, environ))
        return
    source = _source(flags)
    with unlooked_for():
        from proxy.start import (  # noqa: PLC0415 - other commands, and --help, are quicker without
            Listening,
            Source,
            start,
            validate,
        )

        if flags["validate_config"]:
            click.echo(validate(Source(**source), environ))
            return
        listening = Listening(
            host=flags["host"], port=flags["port"], settings=_settings(flags, environ)
        )
        start(Source(**source), listening, environ)


def _source(flags: Mapping[str, Any]) -> dict[str, Any]:
    if flags["config"] and flags["model"]:
        raise CannotUse("give either --config or --model, not both")
    if not flags["config"] and not flags["model"]:
        raise CannotUse(_TWO_WAYS)
    lonely = [name for name in _ONE_MODEL if flags["config"] and flags[name] is not None]
    if lonely:
        raise CannotUse(f"--{lonely[0]} belongs to --model: write it into the configuration")
    return {name: flags[name] for name in _SOURCE}


def _settings(flags: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    variables = (environ.get(name, "").lower() for name in ("DEBUG", "DETAILED_DEBUG"))
    return {
        "workers": flags["num_workers"],
        "keepalive": flags["keepalive_timeout"],
        "drain_notice": flags["drain_notice"],
        "drain_timeout": flags["drain_timeout"],
        "limit_concurrency": flags["limit_concurrency"],
        "log_config": flags["log_config"],
        "ssl_keyfile": flags["ssl_keyfile_path"],
        "ssl_certfile": flags["ssl_certfile_path"],
        "ciphers": flags["ciphers"],
        **{name: flags[name] for name in _AS_THEY_ARE},
        "debug": flags["debug"] or flags["detailed_debug"] or any(v in _TRUE for v in variables),
    }


def _probed(flags: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    from proxy.probe import Probe  # noqa: PLC0415 - serving does not need the HTTP client

    try:
        key = read_variable("LITELLM_MASTER_KEY", environ)
    except Unreadable as error:
        raise CannotStart(str(error)) from error
    probe = Probe(
        host=flags["host"] or "127.0.0.1",
        port=flags["port"],
        key=key or None,
        certfile=flags["ssl_certfile_path"],
    )
    return probe.health() if flags["health"] else probe.test()
