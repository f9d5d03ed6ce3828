"""Which models answer in another's place, for which failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from http import HTTPStatus

from adapters.errors import (
    ContextLengthExceeded,
    EndpointNotFound,
    GatewayError,
)
from adapters.value import value

Models = tuple[str, ...]

_EXCUSED = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


@value(frozen=True, slots=True, kw_only=True)
class Fallbacks:
    """The configuration's lists, in the order in which they are tried.

    Args:
        general: For every failure that is not the client's fault; `*` stands for every other model.
        context_window: For prompts that are too long for the model.
        content_policy: For answers that the model's own filter held back.
        default: For models without a list of their own.
        most: Models that one request may try in others' places.
    """

    general: Mapping[str, Models] = field(default_factory=dict)
    context_window: Mapping[str, Models] = field(default_factory=dict)
    content_policy: Mapping[str, Models] = field(default_factory=dict)
    default: Models = ()
    most: int = 5
    #: There are none for anybody.
    none: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find out what hardly ever changes."""
        listed = self.general or self.context_window or self.content_policy or self.default
        object.__setattr__(self, "none", not listed)

    def of(self, model: str, error: GatewayError, wanted: Models | None = None) -> Models:
        """Give the models to try for a failure, without the one that failed.

        Args:
            model: The one that failed.
            error: How.
            wanted: The request's own list, which stands in the general one's place.
        """
        found = self._listed(model, error, wanted)
        return tuple(dict.fromkeys(name for name in found if name != model))[: self.most]

    def may_help(self, model: str, wanted: Models | None = None) -> bool:
        """Tell whether a model has stand-ins for any failure at all."""
        if self.none and not wanted:
            return False
        special = model in self.context_window or model in self.content_policy
        return special or bool(self._general(model, wanted))

    def any_of(self, model: str, wanted: Models | None = None) -> bool:
        """Tell whether a model has stand-ins for failures of its deployments."""
        return bool(self._general(model, wanted))

    def _listed(self, model: str, error: GatewayError, wanted: Models | None) -> Models:
        if isinstance(error, ContextLengthExceeded):
            return self.context_window.get(model) or self._general(model, wanted)
        if error.code == "content_filter":
            return self.content_policy.get(model) or self._general(model, wanted)
        return self._general(model, wanted) if is_worth_a_fallback(error) else ()

    def _general(self, model: str, wanted: Models | None) -> Models:
        if wanted is not None:
            return wanted
        return self.general.get(model) or self.general.get("*") or self.default


def is_worth_a_fallback(error: GatewayError) -> bool:
    """Tell whether another model may answer: not where the request is at fault."""
    if isinstance(error, EndpointNotFound) or error.status in _EXCUSED:
        return True
    return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
