"""What Text Embeddings Inference says when it says no, to whatever task it serves.

Source: TEI's router: the statuses of its error types, and its validation texts.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import orjson

from emulator.containers.base import Complaint
from emulator.containers.text import count, tokens
from emulator.containers.vectors import Source

_STATUSES = {"Validation": 413, "Empty": 400}


def read(body: bytes) -> dict[str, Any]:
    """The body's keys; a body that is JSON but not an object has none.

    Raises:
        Complaint: It is not JSON.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        text = f"Failed to parse the request body as JSON: {cause}"
        raise Complaint(400, _error(text, "Validation")) from cause
    return content if isinstance(content, dict) else {}


def flag(content: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """A key that is true or false.

    Raises:
        Complaint: It is something else.
    """
    value = content.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        misfit(f"{name}: invalid type, expected a boolean")
    return value


def check_batch(size: int, limit: int) -> None:
    """Refuses too large a batch.

    Raises:
        Complaint: 413.
    """
    if size > limit:
        refuse(f"batch size {size} > maximum allowed batch size {limit}")


def fitting(source: Source, limit: int, *, truncate: bool) -> Source:
    """The source, cut to the limit if it may be.

    Raises:
        Complaint: It is too long and may not be cut.
    """
    size = count(source) if isinstance(source, str) else len(source)
    if size <= limit:
        return source
    if not truncate:
        refuse(f"`inputs` must have less than {limit} tokens. Given: {size}")
    return "".join(tokens(source)[:limit]) if isinstance(source, str) else source[:limit]


def refuse(text: str, kind: str = "Validation") -> NoReturn:
    """Refuses a value."""
    raise Complaint(_STATUSES[kind], _error(text, kind))


def misfit(text: str) -> NoReturn:
    """Refuses a body that has another form."""
    prefix = "Failed to deserialize the JSON body into the target type: "
    raise Complaint(422, _error(prefix + text, "Validation"))


def _error(text: str, kind: str) -> dict[str, str]:
    return {"error": text, "error_type": kind}
