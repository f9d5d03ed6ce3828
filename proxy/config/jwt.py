"""`litellm_jwtauth`: whose tokens are keys, and what their claims stand for.

Source: https://docs.litellm.ai/docs/proxy/jwt_auth_reference
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from adapters.deployment.values import Seconds, Section, Text
from proxy.config.values import KeyRoute, ModelPattern

#: Signatures whose public half is enough to check them; none that a public key could make.
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key_url(text: str) -> str:
    refusal = ValueError("expected an https:// URL; http:// is for this machine only")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise refusal from None
    if not host or parts.username is not None or parts.fragment:
        raise refusal
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise refusal
    return text


class JwtIssuer(Section):
    """One row of `issuers`: who signs tokens, and with which keys."""

    #: As tokens have it in `iss`, to the letter.
    issuer: Text
    #: Of tokens that are meant for this gateway: one of these must be in `aud`.
    audience: Annotated[tuple[Text, ...], BeforeValidator(_several), Field(min_length=1)]
    #: Where the issuer's public keys are.
    jwks_url: Annotated[Text, AfterValidator(_key_url)]
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "ES256")


class ScopeMapping(Section):
    """One row of `scope_mappings`: what tokens with a scope are for."""

    scope: Text
    models: Annotated[tuple[ModelPattern, ...], Field(min_length=1)]
    routes: tuple[KeyRoute, ...] = ()


class JwtAuth(Section):
    """`litellm_jwtauth`: signed tokens as keys."""

    issuers: Annotated[tuple[JwtIssuer, ...], Field(min_length=1)]
    #: Seconds for which an issuer's keys are kept before they are fetched again.
    public_key_ttl: Seconds = 600
    #: Seconds by which clocks may differ.
    leeway: Annotated[float, Field(ge=0, le=300)] = 30
    #: Where a token says whose it is, and what it is for: names of claims, with dots for parts.
    user_id_jwt_field: Text = "sub"
    models_jwt_field: Text | None = None
    #: The scope that makes an administrator; None makes none.
    admin_jwt_scope: Text | None = None
    scope_mappings: tuple[ScopeMapping, ...] = ()
    enforce_scope_based_access: bool = False

    @model_validator(mode="after")
    def _fits_together(self) -> JwtAuth:
        if bool(self.scope_mappings) != self.enforce_scope_based_access:
            raise ValueError("scope_mappings and enforce_scope_based_access: true go together")
        if self.scope_mappings and self.models_jwt_field is not None:
            raise ValueError("scope_mappings and models_jwt_field both say the models: keep one")
        names = [each.issuer for each in self.issuers]
        if len(set(names)) != len(names):
            raise ValueError("issuers: two rows have the same issuer")
        return self
