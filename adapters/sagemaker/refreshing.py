"""Credentials that end, and the one attempt at a time that replaces them.

Knows time, failure and who waits. Refuses to know where credentials come from: it is given a way to
fetch them.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from adapters.credential_state import CredentialState
from adapters.errors import UpstreamError
from adapters.redaction import without_secrets
from adapters.sagemaker.advice import advice
from adapters.sagemaker.credentials import Credentials, Issued
from adapters.sagemaker.fault import short_name

PATIENCE: Final = 30.0
#: Seconds without an attempt after a failed one; doubled with each further failure.
RETRY_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 60.0
#: A refresh begins so many seconds before the end, times the jitter: 10 to 15 minutes. Credentials
#: that come with little life left are used for two thirds of it.
_EARLY: Final = 900.0
_LAST_PART: Final = 1 / 3
_MAX_DETAIL: Final = 4096

#: Fetches credentials anew. Given those that AWS has refused, if that is why.
Fetch = Callable[[Credentials | None], Awaitable[Issued]]

_log = logging.getLogger(__name__)


class RefreshingCredentials:
    """One identity's credentials, fetched when they are first needed, and again before they end.

    However many callers wait, one attempt runs. While credentials are still valid they are served:
    a refresh runs beside the requests, and its failure costs none of them anything.

    Args:
        fetch: Fetches them.
        title: What the log calls the identity; no secret and no account.
        clock: Unix seconds.
        jitter: 2/3 to 1; spreads the refreshes of many processes.
        patience: Seconds that an attempt may take.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        title: str = "",
        clock: Callable[[], float] = time.time,
        jitter: float = 1.0,
        patience: float = PATIENCE,
    ) -> None:
        self._fetch = fetch
        self._title = title
        self._patience = patience
        self._clock = clock
        self._early = _EARLY * jitter
        self._held: Issued | None = None
        self._refresh_at = -math.inf
        self._attempt: asyncio.Task[None] | None = None
        self._failure: UpstreamError | None = None
        self._failures = 0
        self._try_again_at = -math.inf
        self._state = CredentialState()

    @property
    def state(self) -> CredentialState:
        """How they stand, in numbers."""
        return self._state

    async def prepare(self) -> None:
        """Fetch the first credentials."""
        await self.issued()

    def at_hand(self) -> Credentials | None:
        """Give the latest credentials, where they are not to be replaced yet."""
        held = self._held
        return held.credentials if held is not None and self._clock() < self._refresh_at else None

    async def current(self) -> Credentials:
        """Give the latest credentials; waits only where there are none that are valid."""
        return (await self.issued()).credentials

    async def issued(self) -> Issued:
        """Give the latest credentials and their end; waits as `current` does."""
        if self._held is not None and self._clock() < self._refresh_at:
            return self._held
        attempt = self._attempt_if_due(None)
        if attempt is not None and self._valid() is None:
            # One caller that leaves must not take the attempt away from the others.
            await asyncio.shield(attempt)
        held = self._valid()
        if held is None:
            raise self._unavailable()
        return held

    async def renew(self, stale: Credentials) -> Credentials | None:
        """Give others than those that AWS refused, if an attempt brings some, or brought them."""
        if self._held is None or self._held.credentials == stale:
            attempt = self._attempt_if_due(stale)
            if attempt is not None:
                await asyncio.shield(attempt)
        held = self._valid()
        return None if held is None or held.credentials == stale else held.credentials

    def _valid(self) -> Issued | None:
        held = self._held
        if held is None or held.expires_at is None or self._clock() < held.expires_at:
            return held
        return None

    def _attempt_if_due(self, stale: Credentials | None) -> asyncio.Task[None] | None:
        """Give the running attempt, or a new one; None while the last one is too fresh."""
        if self._attempt is None and self._clock() >= self._try_again_at:
            self._attempt = asyncio.create_task(self._try(stale), name=type(self).__name__)
        return self._attempt

    async def _try(self, stale: Credentials | None) -> None:
        try:
            async with asyncio.timeout(self._patience):
                issued = await self._fetch(stale)
        except Exception as error:  # noqa: BLE001 - botocore's plug-ins raise anything; it is kept
            self._failed(explained(error))
        else:
            self._take(issued)
            if stale is not None:  # so that new ones which are refused as well bring no flood
                self._try_again_at = self._clock() + RETRY_PAUSE
        finally:
            self._attempt = None

    def _take(self, issued: Issued) -> None:
        self._held = issued
        self._failure, self._failures = None, 0
        self._state = replace(self._state, fetched=self._state.fetched + 1, oldest=self._clock())
        if issued.expires_at is None:
            self._refresh_at = math.inf
            return
        life = issued.expires_at - self._clock()
        self._refresh_at = issued.expires_at - min(self._early, life * _LAST_PART)

    def _failed(self, failure: UpstreamError) -> None:
        self._failure = failure
        self._state = replace(self._state, failed=self._state.failed + 1)
        pause = min(RETRY_PAUSE * 2**self._failures, _LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 10)
        self._try_again_at = self._clock() + pause
        if self._held is not None:
            told = failure.message, failure.detail
            _log.warning("credentials.refresh_failed: %s: %s (%s)", self._title, *told)

    def _unavailable(self) -> UpstreamError:
        """Give the last failure, as an error of its own for each caller."""
        last = self._failure or explained(TimeoutError())
        return unavailable(last.message, code=last.code, detail=last.detail)


def unavailable(
    message: str, *, code: str | None = "credentials_unavailable", detail: str | None
) -> UpstreamError:
    """Give the error for credentials that can't be had: the operator's matter, not retried."""
    return UpstreamError(message, code=code, should_retry=False, detail=detail)


def explained(error: Exception) -> UpstreamError:
    """Give an attempt's failure as a client may see it; AWS's words and advice are logged."""
    if isinstance(error, UpstreamError):
        return error
    # botocore's ClientError, without loading botocore
    answer = getattr(error, "response", None)
    code = short_name(answer.get("Error", {}).get("Code")) if isinstance(answer, dict) else ""
    said = without_secrets(f"{type(error).__name__}: {error}")[:_MAX_DETAIL]
    detail = "; ".join(filter(None, (said, advice(code, error))))
    if code:
        message = f"The gateway can't get its AWS credentials ({code})."
        return unavailable(message, code=code, detail=detail)
    return unavailable("The gateway can't get its AWS credentials.", detail=detail)
