"""Where calls arrive: what starts, and is cold or warm, as one.

Deployments and public models with the same site stand in front of the same containers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from adapters.base import Header
from adapters.signed_headers import PREFIX
from adapters.value import value

_TARGETS: Final = PREFIX + "target-"


@value(frozen=True, slots=True, kw_only=True)
class Site:
    """An endpoint, or a part of it that starts by itself.

    Args:
        endpoint: SageMaker's name for it.
        component: The inference component, if any.
        targets: The headers that choose a variant, a container or a model of it.
        region: AWS's.
        base_url: Where AWS is called, if not at its own host.
        identity: Sets who calls apart: the same names may be another account's.
    """

    endpoint: str = ""
    component: str | None = None
    targets: frozenset[Header] = frozenset()
    region: str = ""
    base_url: str | None = None
    identity: str | None = None

    def chosen(self, component: str | None, targets: frozenset[Header]) -> Site:
        """Give the site that a request chooses, where it may."""
        if component is None and not targets:
            return self
        return replace(self, component=component or self.component, targets=self.targets | targets)


def targets_of(headers: Iterable[Header]) -> frozenset[Header]:
    """Give those headers that choose a part of an endpoint, their names in lower case."""
    lowered = ((name.lower(), value) for name, value in headers)
    return frozenset(header for header in lowered if header[0].startswith(_TARGETS))
