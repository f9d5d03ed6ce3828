"""What is to be served: a valid configuration with all that it was read with.

Knows values only, so that one process can read a plan and others can serve it.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import field
from pathlib import Path

from pydantic import SecretStr

from adapters.value import value
from proxy.config.schema import ProxyConfig


@value(frozen=True, slots=True, kw_only=True)
class Plan:
    """A configuration, the key that it asks for, and its environment; survives pickling."""

    config: ProxyConfig
    master_key: SecretStr | None = None
    #: The process's variables, with those that the configuration exports.
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Where the configuration file is; what it names is looked for there.
    folder: Path | None = None
    #: What the operator should hear about it.
    notices: tuple[str, ...] = ()

    @property
    def key_required(self) -> bool:
        """Whether callers need a key: the master's, or one of any other kind."""
        general = self.config.general_settings
        return bool(
            self.master_key
            or self.config.keys
            or general.database_url
            or general.custom_auth
            or general.enable_jwt_auth
        )

    def settle(self, environ: MutableMapping[str, str]) -> None:
        """Make a process's environment this plan's: what an earlier one exported goes."""
        for name in set(environ) - set(self.environ):
            del environ[name]
        environ.update(self.environ)
