"""From arguments to a running gateway: load, check, choose a host, bind, tell, serve.

Loads the web server only once the configuration is known to be good, so that validating is quick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

import click

from adapters.value import value
from proxy.banner import banner, hints
from proxy.callbacks import loading as callbacks
from proxy.config.load import Loaded, load_config, load_values
from proxy.config.schema import ProxyConfig
from proxy.exposure import expose, master_key
from proxy.keys.opening import prepare
from proxy.lifecycle.plan import Plan
from proxy.listen import address_of, listen
from proxy.progress import Progress, shown_to_people, silent
from proxy.unbuilt import built_when_used


@value(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the configuration comes from: a file, or one model given on the command line."""

    config: str | None = None
    lenient: bool = False
    model: str | None = None
    alias: str | None = None
    api_base: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    headers: Mapping[str, str] | None = None
    request_timeout: float | None = None
    drop_params: bool = False

    @property
    def folder(self) -> Path | None:
        """Where the file is; None without one."""
        return None if self.config is None else Path(self.config).absolute().parent

    def load(self, environ: Mapping[str, str], progress: Progress = silent) -> Loaded:
        """Load and check the configuration.

        Raises:
            ConfigError: it can't be used.
        """
        from proxy.deployments import faults  # noqa: PLC0415 - formats load only when needed

        loaded = self._loaded(environ)
        found = [
            *faults(loaded.config, {**environ, **loaded.exports}, self.folder, progress),
            *callbacks.faults(loaded.config.litellm_settings, self.folder),
        ]
        if found:
            raise loaded.located(found)
        return loaded

    def _loaded(self, environ: Mapping[str, str]) -> Loaded:
        if self.config is not None:
            return load_config(self.config, environ, lenient=self.lenient)
        params = {
            "model": self.model,
            "api_base": self.api_base,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "extra_headers": self.headers,
        }
        given = {key: value for key, value in params.items() if value is not None}
        entry = {"model_name": self.alias or self.model, "litellm_params": given}
        return load_values({"model_list": [entry]}, "command line")

    def over(self, config: ProxyConfig) -> ProxyConfig:
        """Give the configuration with what the command line says about every request."""
        said: dict[str, Any] = {}
        if self.request_timeout is not None:
            said["request_timeout"] = self.request_timeout
        if self.drop_params:
            said["drop_params"] = True
        settings = config.litellm_settings.model_copy(update=said)
        return config.model_copy(update={"litellm_settings": settings})


@value(frozen=True, slots=True, kw_only=True)
class Reading:
    """Reads the configuration, at the start and at each reload; survives pickling.

    Args:
        source: Where from.
        environ: The process's variables, without those that a configuration has exported.
        host: The address that is bound; what is exposed there needs a good key.
    """

    source: Source
    environ: Mapping[str, str] = field(repr=False)
    host: str | None

    def __call__(self, progress: Progress = silent) -> Plan:
        """Read it.

        Raises:
            ConfigError: it can't be used, or not with this host.
        """
        loaded = self.source.load(self.environ, progress)
        environ = {**self.environ, **loaded.exports}
        key = master_key(loaded.config.general_settings, environ)
        expose(self.host, key, loaded.config.general_settings)
        return Plan(
            config=self.source.over(loaded.config),
            master_key=key,
            environ=environ,
            folder=self.source.folder,
            notices=loaded.notices,
        )


@value(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where to listen and how; the rest of the fields are `serve.ServerSettings`'."""

    host: str | None = None
    port: int = 4000
    settings: Mapping[str, Any] = field(default_factory=dict)


def validate(source: Source, environ: Mapping[str, str]) -> str:
    """Check the configuration only; gives the line to print.

    Raises:
        ConfigError: it can't be used.
    """
    loaded = source.load(environ, shown_to_people())
    for notice in loaded.notices:
        click.echo(notice, err=True)
    count = len(loaded.config.model_list)
    return f"configuration is valid: {count} model{'' if count == 1 else 's'}"


def start(source: Source, listening: Listening, environ: MutableMapping[str, str]) -> None:
    """Serve until a signal comes.

    Raises:
        ConfigError: the configuration, or the host with it, can't be used.
        CannotStart: the address can't be bound, or a server setting can't be used.
    """
    reading = Reading(source=source, environ=dict(environ), host=listening.host)
    plan = reading(shown_to_people())
    plan.settle(environ)
    config, key = plan.config, plan.master_key
    if config.general_settings.database_url is not None:
        asyncio.run(prepare(config.general_settings))
    exposure = expose(listening.host, key, config.general_settings)

    from proxy.deployments import describe  # noqa: PLC0415 - see `Source.load`

    with built_when_used():
        from proxy.serve import (  # noqa: PLC0415 - the web server is the slowest import
            AppFactory,
            ServerSettings,
            serve,
            server_config,
        )

    settings = ServerSettings(**listening.settings)
    factory = AppFactory(
        plan=plan,
        reread=replace(reading, host=exposure.host),
        debug=settings.debug,
        log_config=settings.log_config,
        processes=settings.workers,
    )
    models = describe(config, environ)
    prepared = server_config(factory, settings)
    sockets = listen(exposure.host, listening.port)
    for notice in (*plan.notices, *filter(None, (exposure.notice,)), *hints(models)):
        click.echo(notice, err=True)
    address = address_of(sockets[0], settings.scheme)
    click.echo(banner(address, models, key_required=plan.key_required))
    serve(prepared, settings.patience_at(exposure.host), sockets)
