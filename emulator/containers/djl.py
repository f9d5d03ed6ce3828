"""What the DJL serving containers have in common: how they read bodies, and how they fail.

Source: the serving guide of Large Model Inference containers, and `djl_python`.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import orjson

from emulator.containers.base import Complaint

_UNREADABLE = "Input Parsing failed. Ensure that the request payload is valid. "


def read(body: bytes) -> dict[str, Any]:
    """The body's keys.

    Raises:
        Complaint: It is no JSON object.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        fault(f"{_UNREADABLE}{cause}")
    if not isinstance(content, dict):
        fault(f"{_UNREADABLE}Expected an object")
    return content


def parameters_of(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of an `inputs` body, checked.

    Raises:
        Complaint: They are no object, or one of them can't be used.
    """
    parameters = content.get("parameters") or {}
    if not isinstance(parameters, dict):
        unreadable("parameters must be an object")
    limit = parameters.get("max_new_tokens", 1)
    if type(limit) is not int or limit < 1:
        unreadable(f"max_new_tokens must be at least 1, got {limit}.")
    temperature = parameters.get("temperature", 1)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float):
        unreadable(f"temperature must be a number, got {temperature}.")
    if temperature < 0:
        unreadable(f"temperature must be non-negative, got {temperature}.")
    return parameters


def stops(parameters: Mapping[str, Any]) -> list[str]:
    """The stop texts: a string or a list.

    Raises:
        Complaint: They are neither.
    """
    given = parameters.get("stop_sequences") or []
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        unreadable("stop_sequences must be a string or a list of strings")
    return texts


def unreadable(text: str) -> NoReturn:
    """Refuses a payload."""
    fault(_UNREADABLE + text)


def fault(text: str) -> NoReturn:
    """A payload fault of a rolling batch."""
    raise Complaint(424, {"error": text, "code": 424})


def failure(text: str, message: str = "invoke handler failure") -> NoReturn:
    """The fault of a handler."""
    raise Complaint(424, {"code": 424, "message": message, "error": text})
