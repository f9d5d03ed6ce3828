"""Who signs: AWS credentials, and where they come from.

Knows static keys and AWS's default chain. Refuses to know our configuration; what AWS's own chain
reads (environment, profile files, container and instance metadata) is botocore's business, which is
loaded only when a chain is used.

The chain: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.errors import UpstreamError
from adapters.redaction import without_secrets

#: After a failed attempt to get credentials, none is made for this many seconds.
RETRY_PAUSE = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """One consistent triple; a signature never mixes two of them."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return "Credentials(***)"


class CredentialProvider(Protocol):
    """One identity."""

    async def prepare(self) -> None:
        """Do at start what the first `current` would do; safe to leave out.

        Raises:
            UpstreamError: no credentials now; `current` tries again later.
        """
        ...

    async def current(self) -> Credentials:
        """Give credentials that are valid now.

        Raises:
            UpstreamError: there are none; `code` says why.
        """
        ...


class StaticCredentials:
    """Keys that the configuration names; they never change."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def prepare(self) -> None:
        """Nothing to do."""

    async def current(self) -> Credentials:
        """Give the keys."""
        return self._credentials


class DefaultChain:
    """AWS's default chain, resolved once and refreshed by botocore.

    However many callers wait, one attempt runs. While credentials are still valid they are served:
    a refresh runs beside the requests, and its failure costs none of them anything.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._chain: Any = None  # botocore's credentials object, once it is found
        self._latest: Credentials | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._failure: str | None = None
        self._try_again_at = 0.0

    async def prepare(self) -> None:
        """Load botocore and find the credentials."""
        await self.current()

    async def current(self) -> Credentials:
        """Give the latest credentials; waits only where there are none that are valid."""
        if self._latest is not None and not self._refresh_needed():
            return self._latest
        attempt = self._start_attempt()
        if self._latest is not None and not self._expired():
            return self._latest
        if attempt is not None:
            # One caller that leaves must not take the attempt away from the others.
            await asyncio.shield(attempt)
        if self._latest is None or self._expired():
            raise self._unavailable()
        return self._latest

    def _refresh_needed(self) -> bool:
        # Credentials without an end (environment, profile file) have no such method.
        needed = getattr(self._chain, "refresh_needed", None)
        return needed is not None and bool(needed())

    def _expired(self) -> bool:
        needed = getattr(self._chain, "refresh_needed", None)
        return needed is not None and bool(needed(refresh_in=0))

    def _start_attempt(self) -> asyncio.Task[None] | None:
        """Give the running attempt, or a new one; None while a failure is too fresh."""
        if self._attempt is None and self._clock() >= self._try_again_at:
            self._attempt = asyncio.create_task(self._try(), name=type(self).__name__)
        return self._attempt

    async def _try(self) -> None:
        try:
            await self._fetch()
        except Exception as error:  # noqa: BLE001 - botocore's plug-ins raise anything; it is kept
            self._failed(without_secrets(f"{type(error).__name__}: {error}"))
        finally:
            self._attempt = None

    async def _fetch(self) -> None:
        if self._chain is None:
            session = await asyncio.to_thread(_new_session)
            self._chain = await session.get_credentials()
        if self._chain is None:
            self._failed(None)
            return
        frozen = await self._chain.get_frozen_credentials()
        before = self._latest
        self._latest = Credentials(frozen.access_key, frozen.secret_key, frozen.token)
        if self._latest == before:  # botocore keeps quiet about a refresh that failed early
            self._failed("the refresh brought nothing new")
        self._try_again_at = self._clock() + RETRY_PAUSE

    def _failed(self, failure: str | None) -> None:
        self._failure = failure
        self._try_again_at = self._clock() + RETRY_PAUSE
        if self._latest is not None:
            _log.warning("credentials.refresh_failed: %s", failure)

    def _unavailable(self) -> UpstreamError:
        if self._failure is None:
            return UpstreamError(
                "The gateway has no AWS credentials.",
                code="credentials_not_found",
                should_retry=False,
                detail="no link of the default AWS chain has credentials",
            )
        return UpstreamError(
            "The gateway can't get its AWS credentials.",
            code="credentials_unavailable",
            should_retry=False,
            detail=self._failure,
        )


def _new_session() -> Any:
    """Load botocore and AWS's configuration files; takes a third of a second the first time."""
    import aioboto3  # noqa: PLC0415 - lazy: 30 MB and 0.3 s that static keys never need

    return aioboto3.Session()
