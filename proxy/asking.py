"""What a request asks of its routing: in its body, under LiteLLM's names, or in LiteLLM's headers.

Source: https://docs.litellm.ai/docs/proxy/request_headers
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.base import Json
from adapters.errors import InvalidRequest
from proxy.cache.controls import CacheControls, read_controls
from proxy.routing.wishes import NO_WISHES, Wishes

#: More than any pool has a use for; the retry budget bounds them all.
MOST_RETRIES: Final = 10

_BODY: Final = frozenset(
    {
        "disable_fallbacks",
        "extra_body",
        "fallbacks",
        "litellm_session_id",
        "max_retries",
        "metadata",
        "num_retries",
        "stream_timeout",
        "tags",
        "timeout",
        "user",
    }
)
#: Of the headers that are wishes.
PREFIX: Final = b"x-litellm-"

RawHeaders = Sequence[tuple[bytes, bytes]]


def wishes(body: Json, headers: RawHeaders) -> Wishes:
    """Read a request's wishes; what the body says wins over the headers.

    Args:
        body: The request's.
        headers: Those under `PREFIX`.

    Raises:
        InvalidRequest: one of them is not of its kind; names it.
    """
    if not headers and _BODY.isdisjoint(body):
        return NO_WISHES
    by_header, by_body = dict(_said_by(headers)), _body(body)
    if "max_retries" in by_body:  # LiteLLM's other name for the same
        by_header.pop("num_retries", None)
    said = {**by_header, **by_body}
    if not said:
        return NO_WISHES
    retries = _whole(said, "num_retries", "max_retries")
    return Wishes(
        seconds=_seconds(said, "timeout"),
        stream_seconds=_seconds(said, "stream_timeout"),
        retries=None if retries is None else min(retries, MOST_RETRIES),
        fallbacks=_texts(said, "fallbacks"),
        no_fallbacks=_flag(said, "disable_fallbacks"),
        tags=frozenset(_texts(said, "tags") or ()),
        session=_text(said, "litellm_session_id") or _text(said, "user"),
    )


def cache_controls(body: Json, header: str | None) -> CacheControls:
    """Read what a request says about the cache: in its body, and in HTTP's own header.

    Raises:
        InvalidRequest: it is not of its kind; names it.
    """
    extra = body.get("extra_body") or {}
    return read_controls(extra.get("cache", body.get("cache")), header)


def _body(body: Json) -> Json:
    extra = body.get("extra_body") or {}
    said = {
        name: part[name]
        for part in (body, extra)
        for name in _BODY & part.keys()
        if part[name] is not None
    }
    notes = said.pop("metadata", None)
    said.pop("extra_body", None)
    # OpenAI's own metadata may well have a text of this name.
    if isinstance(notes, Mapping) and isinstance(notes.get("tags"), list):
        said.setdefault("tags", notes["tags"])
    return said


def _said_by(headers: RawHeaders) -> Iterator[tuple[str, Any]]:
    """Give each header that is a wish as the body would say it."""
    for raw_name, value in headers:
        header, text = raw_name.decode("latin-1"), value.decode("latin-1")
        name = header[len(PREFIX) :].replace("-", "_")
        if name in {"timeout", "stream_timeout", "num_retries"}:
            yield name, _number(header, text)
        elif name == "tags":
            yield name, [tag.strip() for tag in text.split(",") if tag.strip()]
        elif name == "session_id":
            yield "litellm_session_id", text


def _number(header: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise _invalid(header, "a number") from None
    return int(number) if math.isfinite(number) and number.is_integer() else number


def _seconds(said: Json, name: str) -> float | None:
    value = said.get(name)
    if value is None:
        return None
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    if not usable or not math.isfinite(value) or value <= 0:
        raise _invalid(name, "a positive number of seconds")
    return float(value)


def _whole(said: Json, *names: str) -> int | None:
    name = next((each for each in names if each in said), None)
    if name is None:
        return None
    value = said[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _invalid(name, "a whole number, 0 or more")
    return value


def _flag(said: Json, name: str) -> bool:
    value = said.get(name, False)
    if not isinstance(value, bool):
        raise _invalid(name, "true or false")
    return value


def _text(said: Json, name: str) -> str | None:
    value = said.get(name)
    if value is not None and not isinstance(value, str):
        raise _invalid(name, "a string")
    return value


def _texts(said: Json, name: str) -> tuple[str, ...] | None:
    value = said.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _invalid(name, "a list of strings")
    return tuple(value)


def _invalid(name: str, expected: str) -> InvalidRequest:
    return InvalidRequest(
        f"Invalid value for '{name}': expected {expected}.", param=name, code="invalid_value"
    )
