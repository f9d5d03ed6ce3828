"""Tokens at the door: from a presented key to a caller, each token checked once.

Knows what looks like a token, and which ones were good; refuses to know how that is found out.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.types import Scope

from adapters.errors import AuthenticationFailed
from proxy.auth.caller import Caller
from proxy.auth.keyring import digest_of
from proxy.config.jwt import JwtAuth
from proxy.jwt.claims import caller_of
from proxy.jwt.verifier import Issuer, Verifier

#: Base64 of `{"`, and two more parts.
_TOKEN: Final = re.compile(rb"eyJ[\w=-]*\.[\w=-]*\.[\w=-]*", re.ASCII)
#: Tokens with hundreds of groups are about as large.
_MOST_BYTES: Final = 16 * 1024
_REMEMBERED: Final = 4096


class Tokens:
    """Vouches for those who show a signed token.

    Args:
        verifier: Checks it.
        settings: What its claims stand for.
    """

    def __init__(self, verifier: Verifier, settings: JwtAuth) -> None:
        self._verifier = verifier
        self._settings = settings
        #: Good tokens by their digests, each with its issuer and the revision of its keys.
        self._known: dict[bytes, tuple[Caller, Issuer, int]] = {}

    async def whose(self, key: bytes, scope: Scope) -> Caller | None:
        """Give who calls; None where the key is no token.

        Raises:
            AuthenticationFailed: a token that is not good.
            Overloaded: nobody can tell now.
        """
        del scope
        if not key.startswith(b"eyJ") or key.count(b".") != 2:  # noqa: PLR2004 - three parts
            return None
        if len(key) > _MOST_BYTES or not _TOKEN.fullmatch(key):
            raise AuthenticationFailed("The token is not valid.", code="invalid_token")
        digest = digest_of(key)
        known = self._known.get(digest)
        if known is not None:
            caller, issuer, revision = known
            await issuer.keys.ready()
            if revision == issuer.keys.revision:
                return caller
        return await self._check(digest, key.decode("ascii"))

    async def _check(self, digest: bytes, token: str) -> Caller:
        issuer, claims = await self._verifier.check(token)
        caller = caller_of(claims, issuer.name, self._settings)
        self._known.pop(digest, None)
        while len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[digest] = (caller, issuer, issuer.keys.revision)
        return caller
