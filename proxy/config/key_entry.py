"""One row of `keys`: a caller's key that the configuration itself has.

Knows a key's SHA-256 only: the key is forgotten as soon as it is read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from adapters.deployment.values import (
    CountOrNone,
    Flag,
    PlacesOrNone,
    Section,
    TextOrNumber,
)
from proxy.config.values import KeyRoute, ModelPattern

_DIGEST: Final = re.compile(r"sha256:([0-9a-fA-F]{64})")
#: As for the master key: shorter ones can be guessed.
_SHORTEST: Final = 12


def _digest(key: Any) -> Any:
    """Give a key's SHA-256 in hexadecimal digits; its words never repeat the key."""
    if not isinstance(key, str):
        raise ValueError("expected a key, or sha256: and its 64 hexadecimal digits")  # noqa: TRY004 - pydantic's own
    known = _DIGEST.fullmatch(key)
    if known:
        return known[1].lower()
    if key.startswith("sha256:"):
        raise ValueError("expected 64 hexadecimal digits behind sha256:")
    if key != key.strip():
        raise ValueError("must not begin or end with white space")
    if len(key) < _SHORTEST:
        raise ValueError(f"a key has at least {_SHORTEST} characters")
    return hashlib.sha256(key.encode()).hexdigest()


def moment(value: Any) -> float:
    """Read a date, or a date with a time, as Unix seconds; without a zone it is UTC."""
    refusal = ValueError("expected a date such as 2027-01-31 or 2027-01-31T12:00:00Z")
    if isinstance(value, datetime | date):
        value = value.isoformat()
    if not isinstance(value, str):
        raise refusal
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise refusal from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


KeyDigest = Annotated[str, BeforeValidator(_digest)]
Moment = Annotated[float, BeforeValidator(moment)]


class KeyEntry(Section):
    """A key and what it is for; names as LiteLLM has them for virtual keys, and short ones."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    #: The key itself, or `sha256:` and its digest.
    key: KeyDigest = Field(repr=False)
    alias: TextOrNumber | None = None
    key_alias: TextOrNumber | None = None
    #: Public names, or patterns with one `*`; none stands for all.
    models: tuple[ModelPattern, ...] = ()
    aliases: Mapping[TextOrNumber, TextOrNumber] = Field(default_factory=dict)
    rpm: CountOrNone | None = None
    rpm_limit: CountOrNone | None = None
    tpm: CountOrNone | None = None
    tpm_limit: CountOrNone | None = None
    max_parallel_requests: PlacesOrNone | None = None
    #: By public names of models.
    model_rpm_limit: Mapping[TextOrNumber, CountOrNone] = Field(default_factory=dict)
    model_tpm_limit: Mapping[TextOrNumber, CountOrNone] = Field(default_factory=dict)
    expires: Moment | None = None
    #: Paths; `llm_api_routes` stands for all that a key can be for.
    allowed_routes: tuple[KeyRoute, ...] = ()
    blocked: Flag = False
    tags: tuple[TextOrNumber, ...] = ()
    metadata: Mapping[str, Any] = Field(default_factory=dict, repr=False)

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> KeyEntry:
        for short, long in (("alias", "key_alias"), ("rpm", "rpm_limit"), ("tpm", "tpm_limit")):
            if getattr(self, short) is not None and getattr(self, long) is not None:
                raise ValueError(f"{short} and {long} are the same setting: keep one")
        return self
