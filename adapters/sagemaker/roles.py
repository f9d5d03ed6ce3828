"""Roles, and how their credentials are fetched.

Knows when which STS call is made; refuses to know when credentials are fetched.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final

from adapters.errors import UpstreamError
from adapters.sagemaker.credentials import STALE_CODES, CredentialProvider, Credentials, Issued
from adapters.sagemaker.identity import Ambient, Role, RoleArn, WebIdentity, WebToken
from adapters.sagemaker.network import DIRECT, Network
from adapters.sagemaker.refreshing import unavailable
from adapters.sagemaker.sts import assume_role, assume_role_with_web_identity, caller_arn

#: Of a token, in characters; AWS's own limits.
_SHORTEST: Final = 4
_LONGEST: Final = 20_000

_log = logging.getLogger(__name__)


class AssumedRole:
    """Fetches a role's credentials with those of another identity.

    Args:
        role: The role, and how it is assumed.
        source: The other identity.
        session_name: Holds where the role does not say.
        network: What STS is reached through.
    """

    def __init__(
        self,
        role: Role,
        source: CredentialProvider,
        session_name: str,
        *,
        network: Network = DIRECT,
    ) -> None:
        self._role = role
        self._network = network
        self._source = source
        self._session_name = role.session_name or session_name
        #: Whether the source is this role already; None until STS has said.
        self._held: bool | None = None if _may_be_held(role) else False

    async def __call__(self, stale: Credentials | None) -> Issued:
        """Fetch credentials: from STS, or the source's own where that is the same role.

        Raises:
            UpstreamError: there are none.
        """
        if self._held and stale is not None:
            await self._source.renew(stale)
        signer = await self._source.issued()
        if self._held is None:
            self._held = await self._ask_whether_held(signer.credentials)
        if self._held:
            return signer
        try:
            return await self._assumed(signer.credentials)
        except UpstreamError as error:
            fresh = await self._renewed(signer.credentials, error)
            if fresh is None:
                raise
        return await self._assumed(fresh)

    async def _assumed(self, signer: Credentials) -> Issued:
        return await assume_role(self._role, signer, self._session_name, self._network)

    async def _ask_whether_held(self, signer: Credentials) -> bool | None:
        """Ask STS who the source is; where it does not say, the role is assumed as any other."""
        try:
            caller = await caller_arn(self._role.sts, signer, self._network)
        except UpstreamError as error:
            _log.debug("credentials.caller_unknown: %s", error.code)
            return None
        return self._role.arn.same_role(RoleArn.of_session(caller))

    async def _renewed(self, signer: Credentials, error: UpstreamError) -> Credentials | None:
        if error.code not in STALE_CODES:
            return None
        return await self._source.renew(signer)


def _may_be_held(role: Role) -> bool:
    """Whether the chain's own credentials could serve; they don't carry the role's session tags."""
    return isinstance(role.source, Ambient) and not role.tags


class WebIdentityRole:
    """Fetches a role's credentials with an identity provider's token.

    Args:
        identity: The role and the token.
        session_name: Holds where the identity does not say.
        network: What STS is reached through.
    """

    def __init__(
        self, identity: WebIdentity, session_name: str, *, network: Network = DIRECT
    ) -> None:
        self._identity = identity
        self._network = network
        self._session_name = identity.session_name or session_name

    async def __call__(self, stale: Credentials | None) -> Issued:
        """Fetch credentials with the token as it is now.

        Raises:
            UpstreamError: there are none.
        """
        del stale  # every fetch asks STS
        token = await read_token(self._identity.token)
        return await assume_role_with_web_identity(
            self._identity, token, self._session_name, self._network
        )


async def read_token(token: WebToken) -> str:
    """Give a token's text; a file is read each time, since it is replaced before the token ends.

    Raises:
        UpstreamError: the file can't be read, or has no token in it.
    """
    text = token.text
    if text is None:
        try:
            text = await asyncio.to_thread(Path(token.file or "").read_text, encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            # the text of a decoding error would show the file's content
            said = error.strerror if isinstance(error, OSError) else "it is not plain ASCII"
            raise _no_token(f"the file can't be read: {said}") from None
    text = text.strip()
    if not _SHORTEST <= len(text) <= _LONGEST:
        raise _no_token(f"it has {len(text)} characters, and STS takes {_SHORTEST} to {_LONGEST}")
    return text


def _no_token(reason: str) -> UpstreamError:
    return unavailable(
        "The gateway has no web identity token.",
        code="web_identity_token_unavailable",
        detail=f"aws_web_identity_token can't be used: {reason}",
    )
