"""What every OpenAI body has in common as vLLM reads it: model, ranges, lengths, refusals.

Source: vLLM's OpenAI-compatible server (`ErrorResponse`).
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import orjson

from emulator.containers.base import Complaint


def read(body: bytes) -> dict[str, Any]:
    """The body's keys; a body that is JSON but not an object has none.

    Raises:
        Complaint: It is not JSON.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        raise Complaint(400, error(f"Invalid JSON: {cause}", "BadRequestError", 400)) from cause
    return content if isinstance(content, dict) else {}


def check_model(body: Mapping[str, Any], served_model: str | None) -> None:
    """Refuses every name but the one served.

    Raises:
        Complaint: 404.
    """
    model = body.get("model")
    if served_model is not None and model not in (None, "", served_model):
        text = f"The model `{model}` does not exist."
        raise Complaint(404, error(text, "NotFoundError", 404))


def check_ranges(body: Mapping[str, Any]) -> None:
    """Refuses values that can't be sampled with.

    Raises:
        Complaint: 400.
    """
    temperature, top_p = _number(body, "temperature", 1), _number(body, "top_p", 1)
    if temperature < 0:
        refuse(f"temperature must be non-negative, got {temperature}.")
    if not 0 < top_p <= 1:
        refuse(f"top_p must be in (0, 1], got {top_p}.")
    for name in ("n", "max_tokens", "max_completion_tokens"):
        if (value := _number(body, name, 1)) < 1:
            refuse(f"{name} must be at least 1, got {value}.")


def check_length(prompt_tokens: int, asked: int, context_length: int) -> None:
    """Refuses what does not fit into the context.

    Raises:
        Complaint: 400.
    """
    if prompt_tokens + asked > context_length:
        refuse(
            f"This model's maximum context length is {context_length} tokens. However, you "
            f"requested {prompt_tokens + asked} tokens ({prompt_tokens} in the "
            f"messages, {asked} in the completion). Please reduce the length of the messages or "
            "completion."
        )


def stops(body: Mapping[str, Any]) -> list[str]:
    """The stop texts."""
    stop = body.get("stop") or []
    return [stop] if isinstance(stop, str) else stop


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Whether a stream shall tell the usage."""
    return bool((body.get("stream_options") or {}).get("include_usage"))


def misfit(kind: str, name: str, text: str) -> NoReturn:
    """Refuses a key as pydantic does, whose list of faults vLLM passes on."""
    refuse(f"[{{'type': '{kind}', 'loc': ('body', '{name}'), 'msg': '{text}'}}]")


def refuse(text: str) -> NoReturn:
    """Refuses a body."""
    raise Complaint(400, error(text, "BadRequestError", 400))


def error(message: str, kind: str, code: int) -> dict[str, Any]:
    """An error document."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _number(body: Mapping[str, Any], name: str, default: float) -> float:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(f"[{{'type': 'float_parsing', 'loc': ('body', '{name}'), 'input': {value!r}}}]")
    return value
