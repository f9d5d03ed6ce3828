"""What a token's claims stand for: who calls, for which models and routes.

A claim that is missing gives nothing: where tokens say their models, a silent one is for none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from adapters.errors import AuthenticationFailed
from proxy.auth.caller import Caller, Routes
from proxy.auth.grants import EVERY_MODEL, Grants
from proxy.config.jwt import JwtAuth

_LONGEST: Final = 190
#: Later than anything that a clock shows.
_END: Final = 2**53
_NO_MODEL: Final = Grants(names=frozenset())


def caller_of(claims: Mapping[str, Any], issuer: str, settings: JwtAuth) -> Caller:
    """Give who calls with a token that was checked.

    Raises:
        AuthenticationFailed: it does not say whose it is.
    """
    user = _at(claims, settings.user_id_jwt_field)
    if not isinstance(user, str) or not user.isprintable() or not 0 < len(user) <= _LONGEST:
        raise AuthenticationFailed("The token does not say whose it is.", code="invalid_token")
    scopes = _words(claims.get("scope", claims.get("scp")))
    alias, digest = f"jwt:{user}", hashlib.sha256(f"{issuer}\n{user}".encode()).hexdigest()
    expires = min(int(claims["exp"]), _END) + settings.leeway
    if settings.admin_jwt_scope in scopes:
        return Caller(alias, is_admin=True, digest=digest, expires=expires)
    mapped = [each for each in settings.scope_mappings if each.scope in scopes]
    return Caller(
        alias,
        digest=digest,
        models=_models(claims, scopes, settings),
        **Routes.of(_routes(mapped))._asdict(),
        expires=expires,
    )


def _models(claims: Mapping[str, Any], scopes: frozenset[str], settings: JwtAuth) -> Grants:
    if settings.models_jwt_field is not None:
        said = _words(_at(claims, settings.models_jwt_field))
        said = frozenset(name for name in said if name.count("*") < 2)  # noqa: PLR2004 - no pattern
    elif settings.scope_mappings:
        rows = (each.models for each in settings.scope_mappings if each.scope in scopes)
        said = frozenset(name for models in rows for name in models)
    else:
        return EVERY_MODEL
    return Grants.of(said) if said else _NO_MODEL


def _routes(mapped: list[Any]) -> frozenset[str]:
    """Give the routes of all mappings; one that names none narrows nothing."""
    if not all(each.routes for each in mapped):
        return frozenset()
    return frozenset(route for each in mapped for route in each.routes)


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """Give a claim by its name; dots lead into its parts where no claim has the whole name."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _words(value: Any) -> frozenset[str]:
    """Give the texts of a list, or the words of a text, as OAuth writes scopes."""
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list):
        return frozenset()
    return frozenset(word for word in words if isinstance(word, str) and word)
