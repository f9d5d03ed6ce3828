"""The snapshot that requests are served with, built from one configuration."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.auth.keyring import Keyring
from proxy.door import Door
from proxy.registry import Registry


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that a request needs; never changed, only replaced."""

    registry: Registry
    keyring: Keyring
    #: None: requests come in as they are.
    door: Door | None = None
