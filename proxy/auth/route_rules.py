"""What the operator says of routes beside what they ask by themselves; both only narrow."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from adapters.errors import PermissionDenied
from adapters.value import value


class Access(Enum):
    """What a route asks of its caller."""

    PUBLIC = "public"
    CALLER = "caller"
    #: The master key, or a key whose allowed routes name this one by its path.
    NAMED = "named"
    #: The master key, also where a path is public; without a configured one, this machine.
    ADMIN = "admin"


@value(frozen=True, slots=True, kw_only=True)
class RouteRules:
    """The rules, by paths.

    Args:
        allowed: What may be called at all; None: everything. Public routes are always there.
        admin_only: What is for administrators beside their own routes.
    """

    allowed: frozenset[str] | None = None
    admin_only: frozenset[str] = frozenset()

    def access(self, asks: Access, paths: Collection[str]) -> Access:
        """Give what a route asks of its caller with these rules."""
        return asks if self.admin_only.isdisjoint(paths) else Access.ADMIN

    def check(self, paths: Collection[str]) -> None:
        """Refuse a route that is not to be called here, by anybody.

        Raises:
            PermissionDenied: it is not.
        """
        if self.allowed is not None and self.allowed.isdisjoint(paths):
            raise PermissionDenied("This route is switched off here.", code="route_not_allowed")
