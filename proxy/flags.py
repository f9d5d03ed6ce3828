"""LiteLLM's flags that sagegate has no use for: accepted with a line, or refused with one.

No flag of LiteLLM ends in a bare "no such option".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from adapters.value import value
from proxy.cannot_start import CannotUse


@value(frozen=True, slots=True)
class ForeignFlag:
    """A flag that LiteLLM has."""

    name: str
    reason: str
    #: Whether a value follows.
    valued: bool = False
    #: Refused with exit code 2; otherwise accepted without effect.
    refused: bool = False


def _accepted(reason: str, *names: str, valued: bool = False) -> tuple[ForeignFlag, ...]:
    return tuple(ForeignFlag(name, reason, valued=valued) for name in names)


def _refused(reason: str, *names: str, valued: bool = False) -> tuple[ForeignFlag, ...]:
    return tuple(ForeignFlag(name, reason, valued=valued, refused=True) for name in names)


_ONE_SERVER = "there is one server, uvicorn"
_NO_DATABASE = "no database is needed"

FOREIGN_FLAGS: tuple[ForeignFlag, ...] = (
    *_accepted("nothing is ever sent", "telemetry", valued=True),
    *_accepted(_ONE_SERVER, "run_gunicorn", "run_hypercorn", "run_granian"),
    *_accepted(_ONE_SERVER, "granian_threads", valued=True),
    *_accepted("send SIGHUP or POST /config/reload to take up changes", "reload"),
    *_accepted(
        "workers need no restarts",
        "max_requests_before_restart",
        "max_requests_before_restart_jitter",
        valued=True,
    ),
    *_accepted(
        _NO_DATABASE,
        "use_prisma_db_push",
        "use_prisma_migrate",
        "enforce_prisma_migration_check",
        "use_v2_migration_resolver",
        "use_legacy_migration_resolver",
        "iam_token_db_auth",
        "azure_postgresql_auth",
    ),
    *_accepted("there are no metrics in this version", "prometheus_metrics_port", valued=True),
    *_accepted("workers are watched without it", "timeout_worker_healthcheck", valued=True),
    *_refused("SageMaker's API has no such version", "api_version", valued=True),
    *_refused("budgets are not supported in this version", "max_budget", valued=True),
    *_refused("use --validate_config to check without serving", "skip_server_startup"),
    *_refused("write a config.yaml instead", "setup", "save"),
    *_refused("keys belong in the environment or the configuration", "add_key", valued=True),
    *_refused("containers take tools as tools", "add_function_to_prompt"),
    *_refused("there is no queue to use or test", "use_queue", "test_async"),
    *_refused("there is no queue to use or test", "num_requests", valued=True),
    *_refused("a model is always a SageMaker endpoint", "local"),
)


def foreign_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every foreign flag to a command; they are no arguments of its function."""
    for flag in FOREIGN_FLAGS:
        command = click.option(
            f"--{flag.name}",
            is_flag=not flag.valued,
            default=None,
            hidden=True,
            expose_value=False,
            callback=_callback(flag),
        )(command)
    return command


def _callback(flag: ForeignFlag) -> Callable[[click.Context, click.Parameter, Any], None]:
    def tell(_context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value is None:
            return
        if flag.refused:
            raise CannotUse(f"--{flag.name} is not supported: {flag.reason}")
        click.echo(f"--{flag.name}: not used: {flag.reason}", err=True)

    return tell
