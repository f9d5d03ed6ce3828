"""The key of an answer: everything that could have changed it, as one hash.

Knows what counts; refuses to know stores and when they are asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import orjson

from adapters.base import Header, Json, Task

#: Goes up when what is hashed, or what is stored, changes: old entries are then never found.
_VERSION: Final = 1
#: How an answer is delivered, which doesn't change it.
_DELIVERY: Final = frozenset({"stream", "stream_options"})


def cache_key(
    task: Task,
    params: Json,
    *,
    model: str,
    settings: str = "",
    caller: str | None = None,
    namespace: str | None = None,
    tags: Iterable[str] = (),
    headers: Iterable[Header] = (),
) -> str | None:
    """Give the key of a request's answer: 64 hexadecimal digits.

    The order of the parameters does not count. The order inside them does: of the properties of a
    schema, say, which models are told in just that order.

    Args:
        task: What is asked.
        params: The request's parameters.
        model: The public model.
        settings: Stands for the settings of the model's deployments.
        caller: Who asks; None where callers share answers.
        namespace: The request's own.
        tags: Those that choose among the model's deployments.
        headers: The client's headers that may reach a container.

    Returns:
        None for a request that is nested too deeply to be written.
    """
    asked = sorted(item for item in params.items() if item[0] not in _DELIVERY)
    parts = (
        (_VERSION, task, model, settings, caller, namespace),
        sorted(tags),
        sorted((name.lower(), value) for name, value in headers),
        asked,
    )
    try:
        text = orjson.dumps(parts)
    except TypeError:
        return None
    return hashlib.sha256(text).hexdigest()
