"""Work for a call, counted against a quota: as what it used, or as why it failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from adapters.errors import EndpointCold, GatewayError
from proxy.limits.claim import LimitReached
from proxy.routing.call import Call
from proxy.routing.quota import Quota, Receipt

T = TypeVar("T")


async def counted(quota: Quota, call: Call, work: Callable[[], Awaitable[T]]) -> T:
    """Do the work when there is room for it; the call keeps the receipt of work that was done.

    What a cold endpoint refused was never made.

    Raises:
        RateLimited: there is none.
        GatewayError: whatever the work fails with.
    """
    receipt = await take(quota, call)
    try:
        done = await work()
    except BaseException as error:
        known = error if isinstance(error, GatewayError) else None
        receipt.end(None, known, made=not isinstance(error, EndpointCold))
        raise
    call.receipts.append(receipt)
    return done


async def take(quota: Quota, call: Call, *, told: bool = True) -> Receipt:
    """Take a call from a quota; the client may be told what is left of it then, or is short.

    Raises:
        RateLimited: it does not fit.
        Overloaded: nobody can tell.
    """
    try:
        receipt = await quota.take(call.tokens)
    except LimitReached as error:
        if told:
            call.remaining.append(error.remaining)
        raise
    if told:
        call.remaining.extend(receipt.remaining)
    return receipt
