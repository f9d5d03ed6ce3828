"""The settings of a model with a `*`: which endpoints it may reach, and which it lists.

Knows the shapes; refuses to know how names are matched and how AWS is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from adapters.deployment.values import Seconds, Section, Text

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


class Discover(Section):
    """Which of an account's endpoints are listed: those that all of this is true of."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    #: A text that the endpoint's name has in it.
    name_contains: Text | None = None
    #: Tags that the endpoint has.
    tags: Mapping[str, str] = Field(default_factory=dict)
    #: List inference components in place of the endpoints that have them.
    components: bool = False
    #: From one refresh to the next; AWS throttles the control plane for a whole account.
    refresh_seconds: Annotated[Seconds, Field(ge=30)] = 300
