"""The settings of a model with a `*`: which endpoints it may reach, and which it lists.

Knows the shapes; refuses to know how names are matched and how AWS is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from adapters.deployment.values import (
    Flag,
    Seconds,
    Section,
    TextOrNumber,
)

_ENDPOINT_PATTERN = re.compile(r"[a-zA-Z0-9*-]+")


def is_wildcard(name: object) -> bool:
    """Whether a model's name or address stands for many."""
    return isinstance(name, str) and "*" in name


def _endpoint_pattern(text: str) -> str:
    if not _ENDPOINT_PATTERN.fullmatch(text):
        raise ValueError('expected an endpoint\'s name, which may have "*" in it')
    return text


#: An endpoint's name; each `*` stands for any text.
EndpointPattern = Annotated[str, AfterValidator(_endpoint_pattern)]


def may_fit(endpoint: str, allowed: str) -> bool:
    """Whether any name fits a model's endpoint and an entry of `allowed_endpoints`.

    Args:
        endpoint: With one `*`, which stands for one character or more.
        allowed: Each `*` in it stands for any text.
    """
    return _overlap(endpoint.replace("*", "?*"), allowed)


@cache
def _overlap(one: str, other: str) -> bool:
    """Whether any text fits two patterns, in which `?` stands for one character."""
    if one.startswith("*"):
        return _overlap(one[1:], other) or (other != "" and _overlap(one, other[1:]))
    if other.startswith("*"):
        return _overlap(one, other[1:]) or (one != "" and _overlap(one[1:], other))
    if not one or not other:
        return one == other
    return (one[0] == other[0] or one[0] == "?") and _overlap(one[1:], other[1:])


class Discover(Section):
    """Which of an account's endpoints are listed: those that all of this is true of."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    #: A text that the endpoint's name has in it.
    name_contains: TextOrNumber | None = None
    #: Tags that the endpoint has.
    tags: Mapping[str, str] = Field(default_factory=dict)
    #: List inference components in place of the endpoints that have them.
    components: Flag = False
    #: From one refresh to the next; AWS throttles the control plane for a whole account.
    refresh_seconds: Annotated[Seconds, Field(ge=30)] = 300
