"""What an administrator may say about keys: LiteLLM's names, and no others.

A field that is not here is refused, whatever LiteLLM does with it: what is not honoured must not
look as if it were.

Source: https://docs.litellm.ai/docs/proxy/virtual_keys
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import AfterValidator, AllowInfNan, BaseModel, ConfigDict, Field

from proxy.auth.keyring import RESERVED
from proxy.keys.duration import seconds_of

_MOST: Final = 1000
_NOTES: Final = 16 * 1024
_KEY: Final = re.compile(r"[\x21-\x7e]{16,200}")


def _alias(text: str) -> str:
    if not text.isprintable() or text != text.strip() or text in RESERVED:
        raise ValueError("must be a printable name, and neither 'admin' nor 'anonymous'")
    return text


def _duration(text: str) -> str:
    seconds_of(text)
    return text


def _model(text: str) -> str:
    if text.count("*") > 1:
        raise ValueError("takes one '*' at most")
    return text


def _notes(notes: dict[str, Any]) -> dict[str, Any]:
    if len(orjson.dumps(notes)) > _NOTES:
        raise ValueError(f"takes at most {_NOTES} bytes")
    return notes


def _own_key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise ValueError("must have 16 to 200 visible ASCII characters")
    return text


Alias = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_alias)]
Name = Annotated[str, Field(min_length=1, max_length=300)]
Names = Annotated[list[Name], Field(max_length=_MOST)]
Models = Annotated[
    list[Annotated[Name, AfterValidator(_model)]],
    Field(max_length=_MOST),
]
Duration = Annotated[str, AfterValidator(_duration)]
Limit = Annotated[int, Field(ge=0, le=2**53)]
#: By public names of models.
ModelLimits = Annotated[dict[Name, Limit], Field(max_length=_MOST)]
Money = Annotated[float, Field(ge=0), AllowInfNan(allow_inf_nan=False)]
Notes = Annotated[dict[str, Any], AfterValidator(_notes)]


class Body(BaseModel):
    """A request of the administrator: closed, and exact about types."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        defer_build=True,  # most gateways never make a key
    )


class Terms(Body):
    """What a key is for; null is no limit."""

    key_alias: Alias | None = None
    #: Public names, or patterns with one `*`; none stands for all.
    models: Models | None = None
    aliases: Annotated[dict[Name, Name], Field(max_length=_MOST)] | None = None
    #: From now on.
    duration: Duration | None = None
    rpm_limit: Limit | None = None
    tpm_limit: Limit | None = None
    max_parallel_requests: Limit | None = None
    model_rpm_limit: ModelLimits | None = None
    model_tpm_limit: ModelLimits | None = None
    max_budget: Money | None = None
    budget_duration: Duration | None = None
    #: They narrow; none opens a route of the administrator.
    allowed_routes: Names | None = None
    blocked: bool | None = None
    tags: Names | None = None
    metadata: Notes | None = None


class GenerateKey(Terms):
    """POST /key/generate."""

    key: Annotated[str, AfterValidator(_own_key)] | None = None
    key_type: Literal["default", "llm_api"] | None = None


class UpdateKey(Terms):
    """POST /key/update: what is not named stays as it is."""

    key: Name


class OneKey(Body):
    """POST /key/block, /key/unblock: the key, or its digest."""

    key: Name


class RegenerateKey(Terms):
    """POST /key/regenerate: another key of the same kind; what is named becomes different."""

    key: Name


class DeleteKeys(Body):
    """POST /key/delete: keys, digests or aliases."""

    keys: Names | None = None
    key_aliases: Names | None = None
