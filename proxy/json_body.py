"""A request's body as JSON, bounded before it is parsed: what is parsed is many times larger.

Knows JSON only. A body's size has a limit of its own, and so has every text in it; depth is bounded
by the parser, and by the writer of the call to SageMaker.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

from adapters.base import Json
from adapters.errors import InvalidRequest
from adapters.value import value

#: The fewest bytes that a value, and that a key, a list or an object can take, with its comma.
_BYTES_OF_A_VALUE: Final = 2
_BYTES_OF_A_PART: Final = 3
#: A text, also one that never ends; never looks back, so that it takes linear time.
_TEXT_PATTERN: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_TEXT: Final = re.compile(_TEXT_PATTERN, re.DOTALL)
#: Some thousand texts and what is between them: what is looked at in one go.
_BLOCK: Final = re.compile(rb'(?:[^"]*+%b){1,10000}+|[^"]++' % _TEXT_PATTERN, re.DOTALL)
#: Quotes that are looked for one by one. A large body has most often a few large texts, and those
#: are stepped over many times as quickly as anything in them is counted.
_FEW: Final = 2000
#: Backslashes in a row that are looked at for each of them.
_MOST_BACKSLASHES: Final = 64


@value(frozen=True, slots=True)
class JsonLimits:
    """How much there may be in a body.

    Args:
        items: Values in lists and objects, all together.
        keys: Keys, lists and objects, all together; each costs far more memory than a number.
    """

    items: int = 1_000_000
    keys: int = 400_000


def parse_object(data: bytes, limits: JsonLimits) -> Json:
    """Parse a body: a JSON object.

    Raises:
        InvalidRequest: it is none, and says where the JSON breaks; or there is too much in it.
    """
    if len(data) > min(limits.keys * _BYTES_OF_A_PART, limits.items * _BYTES_OF_A_VALUE):
        _check(data, limits)
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _invalid(f"The request body is not valid JSON: {error}.") from None
    if not isinstance(body, dict):
        raise _invalid("The request body must be a JSON object.")
    return body


def _check(data: bytes, limits: JsonLimits) -> None:
    """Refuse a body in which there is too much; texts are looked at only if need be."""
    found = _Found()
    between = _between_few_texts(data)
    found.add(data if between is None else between)
    if found.fits(limits):
        return
    found = _Found()
    for block in _BLOCK.finditer(data):
        found.add(*_TEXT.subn(b"", block[0]))
        if not found.fits(limits):
            raise InvalidRequest(
                f"There is too much in the request body: it may have {limits.items} values, and "
                f"{limits.keys} keys, lists and objects.",
                param="request_body",
                code="json_too_large",
            )


def _between_few_texts(data: bytes) -> bytes | None:
    """Give what stands between the texts of a body; None where that takes more than a few looks."""
    parts: list[bytes] = []
    start, inside = 0, False
    at = data.find(b'"')
    for _ in range(_FEW):
        if at < 0:
            return b"".join(parts if inside else [*parts, data[start:]])
        if not inside:
            parts.append(data[start:at])
            inside = True
        else:
            before = data[max(at - _MOST_BACKSLASHES, start) : at]
            backslashes = len(before) - len(before.rstrip(b"\\"))
            if backslashes == _MOST_BACKSLASHES:
                return None
            if backslashes % 2 == 0:
                start, inside = at + 1, False
        at = data.find(b'"', at + 1)
    return None


class _Found:
    """How much has been found in a body, going by the marks between values."""

    __slots__ = ("commas", "parts", "texts")

    def __init__(self) -> None:
        self.commas = self.parts = self.texts = 0

    def add(self, structure: bytes, texts: int = 0) -> None:
        """Count the marks, and texts that were taken out."""
        self.commas += structure.count(b",")
        self.parts += structure.count(b":") + structure.count(b"[") + structure.count(b"{")
        self.texts += texts

    def fits(self, limits: JsonLimits) -> bool:
        """Whether that can be within the limits; there is a text for each value or key at most."""
        return (
            self.parts <= limits.keys
            and self.commas < limits.items
            and self.texts <= limits.keys + limits.items
        )


def _invalid(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="request_body", code="invalid_json")
