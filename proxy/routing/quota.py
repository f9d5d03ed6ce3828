"""What calls may use, and what each has taken of it."""

from __future__ import annotations

from adapters.base import Json
from adapters.errors import DeadlineExceeded, GatewayError, Rejected, UpstreamTimeout
from adapters.value import value
from proxy.limits.claim import Claim, Remaining
from proxy.limits.ledger import Ledger, Reservation


@value(frozen=True, slots=True)
class Quota:
    """Limits that hold together, and who counts."""

    ledger: Ledger
    claims: tuple[Claim, ...]

    async def take(self, tokens: int) -> Receipt:
        """Take a request of about so many tokens.

        Raises:
            RateLimited: it does not fit.
            Overloaded: nobody can tell.
        """
        return Receipt(await self.ledger.reserve(self.claims, tokens))


class Receipt:
    """What one call, or one try, has taken; to be ended however that went."""

    __slots__ = ("_reservation",)

    def __init__(self, reservation: Reservation) -> None:
        self._reservation = reservation

    @property
    def remaining(self) -> tuple[Remaining, ...]:
        """What was left then."""
        return self._reservation.remaining

    def end(
        self, usage: Json | None, error: GatewayError | None = None, *, made: bool = True
    ) -> None:
        """End it with an answer's usage, or with why there is no answer; or as never made.

        Where nobody knows what was used, the estimate stays counted: a client left, or time ran
        out while the container was at work. What was refused here was never made; what failed
        there used no tokens.
        """
        tokens = (usage or {}).get("total_tokens")
        if not made:
            self._reservation.cancel()
        elif isinstance(tokens, int):
            self._reservation.settle(tokens)
        elif error is not None and not isinstance(error, DeadlineExceeded | UpstreamTimeout):
            if isinstance(error, Rejected):
                self._reservation.cancel()
            self._reservation.settle(0)
        self._reservation.release()
