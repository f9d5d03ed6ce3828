"""Tokens, opened: the only way in, for who may do without PyJWT.

Loads the libraries, which are an extra, only when tokens are keys.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from adapters.errors import ConfigError
from proxy.config.schema import GeneralSettings

if TYPE_CHECKING:
    from proxy.jwt.vouching import Tokens

_PLACE = ("general_settings", "enable_jwt_auth")


def check_tokens(general: GeneralSettings) -> None:
    """Look whether tokens can be keys.

    Raises:
        ConfigError: settings or libraries are missing.
    """
    if not general.enable_jwt_auth:
        return
    if general.litellm_jwtauth is None:
        raise ConfigError(
            "needs litellm_jwtauth.issuers: who signs tokens, for which audience, with which keys",
            path=_PLACE,
        )
    try:
        import cryptography  # noqa: F401, PLC0415 - an extra
        import jwt  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            "packages are missing: pip install 'sagegate[jwt]'", path=_PLACE
        ) from error


@asynccontextmanager
async def tokens(
    general: GeneralSettings, fetch: Callable[[str], Awaitable[bytes]]
) -> AsyncIterator[Tokens | None]:
    """Let tokens be keys for the block; None where they are not to be.

    The issuers' keys are on their way when it begins: no start waits for them.

    Args:
        general: The settings.
        fetch: Gives the document at an address.

    Raises:
        ConfigError: settings or libraries are missing.
    """
    check_tokens(general)
    settings = general.litellm_jwtauth
    if not general.enable_jwt_auth or settings is None:
        yield None
        return
    from proxy.jwt.key_set import KeySet  # noqa: PLC0415 - an extra
    from proxy.jwt.verifier import Issuer, Verifier  # noqa: PLC0415 - an extra
    from proxy.jwt.vouching import Tokens  # noqa: PLC0415 - an extra

    issuers = [
        Issuer(
            name=each.issuer,
            audience=each.audience,
            algorithms=each.algorithms,
            keys=KeySet(each.jwks_url, fetch, settings.public_key_ttl),
        )
        for each in settings.issuers
    ]
    for issuer in issuers:
        issuer.keys.begin()
    try:
        yield Tokens(Verifier(issuers, settings.leeway), settings)
    finally:
        for issuer in issuers:
            await issuer.keys.aclose()
