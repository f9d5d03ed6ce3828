"""From a token to its claims, or to a refusal.

Knows signatures, issuers and times; refuses to know what claims stand for. Of what a token says
about itself only two things are listened to: the id of a key, and an issuer that is configured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt
import structlog

from adapters.errors import AuthenticationFailed
from adapters.value import value
from proxy.jwt.key_set import KeySet

_LOOK_ONLY: Final[Any] = {"verify_signature": False}
_STRICT: Final[Any] = {
    "require": ["exp", "iss", "aud"],
    "enforce_minimum_key_length": True,
}
#: Whatever a token's parts may be: PyJWT reads numbers and texts of it before it judges them.
_FAULTS: Final = (
    jwt.PyJWTError,
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    RecursionError,
)

_log = structlog.stdlib.get_logger("sagegate")


@value(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who signs tokens; `audience` is what they must be for."""

    name: str
    audience: Sequence[str]
    algorithms: Sequence[str]
    keys: KeySet


class Verifier:
    """Checks tokens.

    Args:
        issuers: Whose tokens are taken.
        leeway: Seconds by which clocks may differ.
    """

    def __init__(self, issuers: Sequence[Issuer], leeway: float) -> None:
        self._issuers = {issuer.name: issuer for issuer in issuers}
        self._leeway = leeway

    async def check(self, token: str) -> tuple[Issuer, Mapping[str, Any]]:
        """Give a good token's issuer and claims.

        Raises:
            AuthenticationFailed: it is none of these issuers', not for this gateway, or over.
            Overloaded: the issuer's keys can't be had.
        """
        try:
            parts = jwt.decode_complete(token, options=_LOOK_ONLY)
        except _FAULTS as error:
            raise _refusal(error) from None
        issuer = self._issuer(parts["payload"])
        algorithm, kid = parts["header"].get("alg"), parts["header"].get("kid")
        if algorithm not in issuer.algorithms:
            raise _refusal(jwt.InvalidAlgorithmError())
        key = await issuer.keys.find(kid)
        if key is None:
            raise _refusal(jwt.InvalidKeyError())
        try:
            claims = jwt.decode(
                token,
                key.verifier(algorithm),
                algorithms=[algorithm],
                audience=issuer.audience,
                issuer=issuer.name,
                leeway=self._leeway,
                options=_STRICT,
            )
        except _FAULTS as error:
            raise _refusal(error) from None
        return issuer, claims

    def _issuer(self, claims: Mapping[str, Any]) -> Issuer:
        name = claims.get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise _refusal(jwt.InvalidIssuerError())
        return issuer


def _refusal(error: Exception) -> AuthenticationFailed:
    """Give what a client is told; which check failed is for the log."""
    _log.debug("jwt.refused", reason=type(error).__name__)
    if isinstance(error, jwt.ExpiredSignatureError):
        return AuthenticationFailed("The token has expired.", code="expired_token")
    return AuthenticationFailed("The token is not valid.", code="invalid_token")
