"""Vectors drawn from a hash: equal sources have equal vectors, and a shorter one is a beginning.

Knows arithmetic and packings. Refuses to know how a container wraps them.
"""

import base64
import hashlib
import math
import struct
from collections.abc import Sequence

import orjson

#: What a container embeds: a text, or a list of token ids.
Source = str | list[int]


def are_ids(value: object) -> bool:
    """Whether it is a list of token ids."""
    return isinstance(value, list) and bool(value) and all(type(each) is int for each in value)


def vector(source: Source, dimensions: int) -> list[float]:
    """The vector of a source, of length one."""
    numbers = raw(source, dimensions)
    length = math.hypot(*numbers) or 1.0
    return [number / length for number in numbers]


def raw(source: Source, dimensions: int) -> list[float]:
    """The same direction, before its length is made one; of fewer dimensions, the beginning."""
    digest = hashlib.shake_256(orjson.dumps(source)).digest(2 * dimensions)
    return [
        int.from_bytes(digest[place : place + 2]) / 32768 - 1 for place in range(0, len(digest), 2)
    ]


def of_tokens(row: Sequence[float], amount: int) -> list[list[float]]:
    """A vector for each token; their mean is the row, and no two are equal."""
    return [
        [number * (1 + (2 * place - amount + 1) / (2 * amount)) for number in row]
        for place in range(amount)
    ]


def packed(row: Sequence[float]) -> str:
    """Little-endian 32-bit floats in base64."""
    return base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode()


def whole_numbers(row: Sequence[float], *, signed: bool) -> list[int]:
    """A row in 8-bit integers."""
    return [round(number * 127) + (0 if signed else 128) for number in row]


def bits(row: Sequence[float], *, signed: bool) -> list[int]:
    """The signs of a row, eight in a number; the signed kind is moved by 128."""
    signs = "".join("1" if number > 0 else "0" for number in row)
    eights = (signs[place : place + 8].ljust(8, "0") for place in range(0, len(signs), 8))
    return [int(each, 2) - (128 if signed else 0) for each in eights]
