"""What a `custom_auth` function says of a caller: LiteLLM's `UserAPIKeyAuth`, or a dict like it.

A field that would narrow the caller and is not honoured makes the whole answer unusable: what is
not honoured must not look as if it were.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from enum import Enum
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeInt

from proxy.auth.caller import Caller
from proxy.auth.keyring import RESERVED
from proxy.auth.terms import KeyTerms
from proxy.config.key_entry import moment

#: LiteLLM's role of an administrator.
_ADMIN: Final = "proxy_admin"
#: Words in the names of fields that narrow what a caller may do.
_NARROWS: Final = re.compile(r"limit|budget|permission|models|blocked|allowed|guardrail|enforced")


def _seconds(value: Any) -> Any:
    return moment(value) if isinstance(value, str | date) else value


def _nothing(value: Any) -> Any:
    """Read null as what the field is without it."""
    return {} if value is None else value


_ModelLimits = Annotated[Mapping[str, NonNegativeInt], BeforeValidator(_nothing)]
_Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: () if value is None else value)]


class _Answer(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        hide_input_in_errors=True,
        protected_namespaces=(),
        defer_build=True,  # most gateways have no such function
    )

    key_alias: Annotated[str, Field(max_length=200)] | None = None
    user_id: Annotated[str, Field(max_length=200)] | None = None
    user_role: Any = None
    models: _Names = ()
    aliases: Annotated[Mapping[str, str], BeforeValidator(_nothing)] = Field(default_factory=dict)
    rpm_limit: NonNegativeInt | None = None
    tpm_limit: NonNegativeInt | None = None
    max_parallel_requests: NonNegativeInt | None = None
    model_rpm_limit: _ModelLimits = Field(default_factory=dict)
    model_tpm_limit: _ModelLimits = Field(default_factory=dict)
    allowed_routes: _Names = ()
    expires: Annotated[float | None, BeforeValidator(_seconds)] = None
    blocked: bool | None = None
    tags: _Names = ()
    metadata: Annotated[Mapping[str, Any], BeforeValidator(_nothing)] = Field(default_factory=dict)


def caller_of(answer: Any, digest: str) -> Caller:
    """Give the caller that an answer means.

    Args:
        answer: A mapping with LiteLLM's names, or an object with attributes of these names.
        digest: The key's SHA-256 in hexadecimal digits.

    Raises:
        TypeError: it is neither.
        ValueError: a field is not of its kind, or narrows what can't be narrowed here.
    """
    said = _said(answer)
    unknown = said.keys() - _Answer.model_fields.keys()
    lost = sorted(name for name in unknown if said[name] and _NARROWS.search(name))
    if lost:
        raise ValueError(f"not honoured: {', '.join(lost)}")
    read = _Answer.model_validate(said)
    label = read.key_alias or read.user_id or f"key-{digest[:16]}"
    if label in RESERVED or not label.isprintable():
        raise ValueError("the alias is reserved, or not printable")
    terms = KeyTerms(
        models=read.models,
        aliases=read.aliases,
        rpm=read.rpm_limit,
        tpm=read.tpm_limit,
        parallel=read.max_parallel_requests,
        model_rpm=read.model_rpm_limit,
        model_tpm=read.model_tpm_limit,
        routes=read.allowed_routes,
        expires=read.expires,
        blocked=bool(read.blocked),
        tags=read.tags,
        metadata=read.metadata,
    )
    role = read.user_role.value if isinstance(read.user_role, Enum) else read.user_role
    return replace(terms.caller(label, digest), is_admin=role == _ADMIN)


def _said(answer: Any) -> Mapping[str, Any]:
    if isinstance(answer, BaseModel):
        return answer.model_dump()
    if isinstance(answer, Mapping):
        return answer
    if answer is None or isinstance(answer, str | bytes | int | float | list | tuple):
        raise TypeError("expected a dict with LiteLLM's names, or an object like UserAPIKeyAuth")
    attributes: Mapping[str, Any] = vars(answer)
    return attributes
