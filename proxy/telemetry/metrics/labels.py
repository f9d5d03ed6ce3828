"""The values of labels, bounded: no client can make a series by naming something."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

#: Stands for everything that has no series of its own.
OTHER: Final = "other"

_STATUSES: Final = {int(status): str(int(status)) for status in HTTPStatus} | {499: "499"}
_TASKS: Final = ("chat/completions", "completions", "embeddings", "rerank")


class BoundedNames:
    """Names that have series of their own: those of the configuration, and the first few others.

    Args:
        most: How many others.
    """

    def __init__(self, most: int) -> None:
        self._left = most
        self._known: set[str] = set()

    def know(self, names: Iterable[str]) -> None:
        """Let names have series, however many there are."""
        self._known.update(names)

    def of(self, name: str) -> str:
        """Give a name, or `other` where there are too many."""
        if name in self._known:
            return name
        if not self._left:
            return OTHER
        self._left -= 1
        self._known.add(name)
        return name


def status_label(status: int) -> str:
    """Give a status that HTTP knows, as text; a container may say any number."""
    return _STATUSES.get(status, OTHER)


def model_route(template: str) -> str | None:
    """Give the route that a request for a model was for, under whichever of its paths.

    Args:
        template: The path as the router has it, such as `/v1/engines/{model:path}/completions`.
    """
    found = next((task for task in _TASKS if template.endswith("/" + task)), None)
    return None if found is None else f"/v1/{found}"
