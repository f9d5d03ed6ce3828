"""One try of one deployment: counted while it lasts, and judged by how it ends."""

from __future__ import annotations

import time

import structlog

from adapters.base import Json
from adapters.errors import GatewayError
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.member import Member

_log = structlog.stdlib.get_logger("sagegate")


class Attempt:
    """Begins when it is made; `close` ends it, once.

    Args:
        member: The deployment that is tried.
        policy: How its failures are taken.
        alone: There is no other deployment in the group.
    """

    def __init__(self, member: Member, policy: CooldownPolicy, *, alone: bool) -> None:
        self.member = member
        self._policy = policy
        self._alone = alone
        self._started = time.monotonic()
        self._open = True
        member.live.in_flight += 1
        member.live.health.begin(policy)

    def answered(self) -> None:
        """Note the first byte of a good answer."""
        self.member.live.health.succeeded()
        self.member.live.answered(time.monotonic() - self._started)

    def failed(self, error: GatewayError) -> None:
        """Note a failure."""
        rests = self.member.live.health.failed(error, self._policy, alone=self._alone)
        if rests:
            _log.warning(
                "pool.cooldown_started",
                deployment=self.member.endpoint.id,
                endpoint=self.member.endpoint.target.endpoint,
                status=error.status,
                seconds=self._policy.seconds,
            )

    def close(self, usage: Json | None = None) -> None:
        """End it, with what the answer cost."""
        if not self._open:
            return
        self._open = False
        self.member.live.in_flight -= 1
        tokens = (usage or {}).get("total_tokens")
        if isinstance(tokens, int):
            self.member.live.used(tokens)
