"""A role session's tags, as the configuration may write them.

Rules: https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import orjson

from adapters.errors import ConfigError

_KEY: Final = "aws_session_tags"
_MOST: Final = 50
_LONGEST_KEY: Final = 128
_LONGEST_VALUE: Final = 256
#: Beside letters, digits and spaces of any script.
_MARKS: Final = frozenset("_.:/=+-@")
_PAIR: Final = frozenset({"Key", "Value"})

Tags = tuple[tuple[str, str], ...]


def read_tags(given: object) -> Tags:
    """Read tags: a mapping, AWS's list of `Key` and `Value`, or either as JSON text.

    Raises:
        ConfigError: AWS would not take them; `path` is `("aws_session_tags",)`.
    """
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            raise _wrong("expected a mapping of keys to values, or JSON") from None
    tags = tuple(_pairs(given))
    if len(tags) > _MOST:
        raise _wrong(f"AWS takes {_MOST} tags at most")
    if len({key.casefold() for key, _ in tags}) < len(tags):
        raise _wrong("a key is there twice; AWS does not tell capital and small letters apart")
    return tags


def _pairs(given: object) -> Iterator[tuple[str, str]]:
    if given is None:
        return
    if isinstance(given, Mapping):
        for key, value in given.items():
            yield _checked(key, value)
        return
    if not isinstance(given, list | tuple):
        raise _wrong("expected a mapping of keys to values")
    for tag in given:
        if not isinstance(tag, Mapping) or set(tag) != _PAIR:
            raise _wrong("expected each tag of a list to have Key and Value")
        yield _checked(tag["Key"], tag["Value"])


def _checked(key: object, value: object) -> tuple[str, str]:
    if not isinstance(key, str) or not isinstance(value, str):
        raise _wrong("expected texts: put them in quotes")
    if not 1 <= len(key) <= _LONGEST_KEY or len(value) > _LONGEST_VALUE:
        raise _wrong(f"a key has 1 to {_LONGEST_KEY} characters, a value up to {_LONGEST_VALUE}")
    if key.lower().startswith("aws:"):
        raise _wrong("keys that begin with aws: are AWS's own")
    if not all(each.isalnum() or each.isspace() or each in _MARKS for each in key + value):
        raise _wrong("a tag has letters, digits, spaces and _ . : / = + - @")
    return key, value


def _wrong(message: str) -> ConfigError:
    return ConfigError(f"{_KEY}: {message}.", path=(_KEY,))
