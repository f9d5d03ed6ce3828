"""An error answer of AWS, taken apart: its name, its text, its advice on retrying.

Knows where those stand, which differs from error to error; what a name means is in `errors.py`.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

import orjson

from adapters.redaction import without_secrets
from adapters.sagemaker.event_stream import Message
from adapters.value import value

#: The longest `Retry-After` that is passed on, in seconds.
_LONGEST_RETRY_AFTER = 60
_MAX_TEXT = 4096
_NAME = re.compile(r"[A-Za-z][\w.]{0,80}")
#: AWS's errors whose text may quote the container, and so the request.
_QUOTING = {"ModelError", "ModelStreamError"}


@value(frozen=True, slots=True, kw_only=True)
class Fault:
    """One error answer, or one error message of a stream, taken apart."""

    #: AWS's name; empty where the answer has none, so that it is not AWS's own.
    name: str
    #: HTTP status; 0 inside a stream.
    status: int
    #: AWS's text; may be empty.
    message: str
    #: The body, where it was a JSON object.
    document: Mapping[str, Any] | None
    #: Seconds, of use to a client.
    retry_after: float | None
    #: The streaming operation was called.
    streaming: bool

    @property
    def title(self) -> str:
        """What may be said about it: the name, else the status."""
        return self.name or f"HTTP {self.status}"

    @property
    def error_code(self) -> str:
        """`ErrorCode`, which says how a container's stream broke; empty where it is no name."""
        return short_name((self.document or {}).get("ErrorCode"))

    @property
    def detail(self) -> str:
        """What the operator's log says: AWS's own words, without keys, tokens and accounts.

        What a container says may quote the request, so nothing of it is repeated.
        """
        if self.name and self.message and self.name not in _QUOTING:
            return f"{self.name}: {without_secrets(self.message[:_MAX_TEXT])}"
        return listed(self.title, self.error_code)


def read_fault(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    streaming: bool,
    known_names: Container[str],
) -> Fault:
    """Take an error answer apart.

    Args:
        status: The HTTP status.
        headers: Names compare without case, or are in lower case.
        body: As it came.
        streaming: The streaming operation was called.
        known_names: A container behind a base URL may have a `code` in its body as well: there,
            only these count as AWS's.
    """
    document = _parse_object(body)
    return Fault(
        name=_read_name(headers, document or {}, known_names),
        status=status,
        message=_read_text(document, body),
        document=document,
        retry_after=read_retry_after(headers),
        streaming=streaming,
    )


def read_stream_fault(message: Message) -> Fault:
    """Take an exception or error message of an event stream apart."""
    document = _parse_object(message.payload)
    text = _read_text(document, message.payload)
    return Fault(
        name=short_name(message.name),
        status=0,
        message=text or str(message.headers.get(":error-message", "")),
        document=document,
        retry_after=None,
        streaming=True,
    )


def _read_name(
    headers: Mapping[str, str], document: Mapping[str, Any], known_names: Container[str]
) -> str:
    name = short_name(headers.get("x-amzn-errortype"))
    if name:
        return name
    codes = (short_name(document.get("code")), short_name(document.get("Code")))
    known = (code for code in codes if code in known_names)
    return next(known, "") or short_name(document.get("__type"))


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Give `Retry-After` where it is 1 to 60 seconds; anything else is no use to a client."""
    text = headers.get("retry-after", "")
    if re.fullmatch(r"\d{1,4}", text) and 1 <= int(text) <= _LONGEST_RETRY_AFTER:
        return float(text)
    return None


def short_name(value: object) -> str:
    """Cut `com.amazonaws.x#ThrottlingException:http://...` down to the name."""
    if not isinstance(value, str):
        return ""
    name = value.partition(":")[0].rpartition("#")[2].strip()
    return name if _NAME.fullmatch(name) else ""


def listed(*facts: str) -> str:
    """Write facts in a row, for the log; empty ones are left out."""
    return ", ".join(filter(None, facts))


def _parse_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _read_text(document: Mapping[str, Any] | None, body: bytes) -> str:
    if document is None:
        return body[:_MAX_TEXT].decode(errors="replace")
    said = document.get("message") or document.get("Message")
    return said if isinstance(said, str) else ""
