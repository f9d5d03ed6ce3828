"""Where a request stands in a trace: W3C's trace context, as a value.

Source: https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from adapters.value import value

HEADER: Final = "traceparent"

#: Later versions may have more behind the flags; 255 is none.
_FORM: Final = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16
_SAMPLED: Final = 1


@value(frozen=True, slots=True)
class TraceContext:
    """A span of a trace, by hexadecimal ids of 32 and 16 digits."""

    trace_id: str
    span_id: str
    sampled: bool = False

    @classmethod
    def read(cls, header: str | None) -> Self | None:
        """Give what a `traceparent` header says; None for what is none, as W3C has it."""
        found = None if header is None else _FORM.fullmatch(header)
        if found is None or (found["more"] and found["version"] == "00"):
            return None
        if found["trace"] == _NO_TRACE or found["span"] == _NO_SPAN:
            return None
        return cls(found["trace"], found["span"], bool(int(found["flags"], 16) & _SAMPLED))

    @property
    def header(self) -> str:
        """The header that tells of it."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


@dataclass(slots=True, kw_only=True)
class Traced:
    """What a request's own span will tell beside what its call knows; only where one is made.

    Args:
        span: The tracing library's.
        settings: The request's numbers, such as `temperature`; none of its texts.
        messages: The prompt, where the operator wants prompts in spans; else None.
        answer: The whole answer, the same.
    """

    span: Any
    settings: Mapping[str, Any]
    messages: Any = None
    answer: Mapping[str, Any] | None = None
