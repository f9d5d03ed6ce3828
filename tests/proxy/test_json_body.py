"""Bodies of a request: what may be in them, and what is refused before it is parsed (E1, J8)."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import InvalidRequest
from proxy import json_body
from proxy.json_body import JsonLimits, parse_object

LIMITS = JsonLimits()
SMALL = JsonLimits(items=10, keys=10)
MB = 1024 * 1024


def code_of(data: bytes, limits: JsonLimits = LIMITS) -> str | None:
    """Parse what must be refused; give the error's code."""
    with pytest.raises(InvalidRequest) as caught:
        parse_object(data, limits)
    assert caught.value.status == 400
    assert caught.value.param == "request_body"
    assert len(caught.value.message) < 300
    return caught.value.code


@pytest.mark.parametrize(
    "data",
    [
        b"{" + b",".join(b'"k%d":1' % number for number in range(1_000_000)) + b"}",
        b'{"a":[' + b"[]," * 8_000_000 + b"1]}",
        b'{"a":[' + b"{}," * 8_000_000 + b"1]}",
        b'{"a":[' + b"1," * 12_000_000 + b"1]}",
        b'{"a":[' + b'"",' * 8_000_000 + b"1]}",
        b'{"a":[' + rb'"\\",' * 4_000_000 + b"1]}",
        b'{"a":[' + rb'"\",",' * 4_000_000 + b"1]}",
        b"{" + b'"k":1,' * 4_000_000 + b'"k":1}',
    ],
    ids=["keys", "lists", "objects", "numbers", "texts", "backslashes", "quotes", "equal keys"],
)
def test_e01_too_much_is_refused_before_it_is_parsed(data: bytes) -> None:
    """24 MB of tiny values would take gigabytes or seconds: they take neither (E1)."""
    tracemalloc.start()
    try:
        assert code_of(data) == "json_too_large"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * MB


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 5_000_000,
        b'{"a":1' + b"0" * 10_000_000 + b"}",
        b'{"a":1e' + b"9" * 1_000_000 + b"}",
        b'{"a":-Infinity}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":01}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xc0\x80"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\udc00\\ud800"}',
        b'{"a":"\0"}',
        b'{"a":1}\0',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"' + b'\\"' * 5_000_000,
        b'{"a":"' + b"\\" * 5_000_001,
        b'"' * 5_000_001,
        b"," * 5_000_000 + b'{"a":1}',
    ],
    ids=lambda data: repr(data[:16]),
)
def test_e01_j08_what_is_no_json(data: bytes) -> None:
    """Depth, endless numbers and texts, NaN, surrogates, NUL, bad UTF-8: 400, at once (E1, J8)."""
    assert code_of(data) in {"invalid_json", "json_too_large"}


def test_e01_one_large_text_is_no_reason() -> None:
    """Marks within texts don't count, escaped or not; a body may be all text (E1)."""
    text = ',:[{\\"\\\\' * 3_000_000
    assert len(parse_object(b'{"a":"' + text.encode() + b'"}', LIMITS)["a"]) == 6 * 3_000_000


def test_j08_numbers_of_any_length_are_values() -> None:
    """Ten million digits behind the point are a number like others (J8)."""
    assert parse_object(b'{"a":0.' + b"1" * 10_000_000 + b"}", LIMITS)["a"] == pytest.approx(1 / 9)
    assert parse_object(b'{"a":1e-' + b"9" * 100_000 + b"}", LIMITS)["a"] == 0


def test_of_equal_keys_the_last_one_wins() -> None:
    """Once for all: nobody behind us sees the others (E1)."""
    assert parse_object(b'{"a":1,"b":2,"a":3}', LIMITS) == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        (b'{"a":[1,2,3,4,5,6,7,8,9,0]}', True),
        (b'{"a":[1,2,3,4,5,6,7,8,9,0,1]}', False),
        (b'{"a":[[],[],[],[],[],[]],"b":"[[[[[[[[[[[["}', True),
        (b'{"a":[[],[],[],[],[],[],[]],"b":1}', False),
        (b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9}', True),
        (b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":0}', False),
        (b'{"a":",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"}', True),
    ],
)
def test_the_limits_are_exact(data: bytes, fits: bool) -> None:
    """What fits is parsed, one more is not."""
    if fits:
        assert parse_object(data, SMALL)
    else:
        assert code_of(data, SMALL) == "json_too_large"


PIECES = st.sampled_from([b'"', b"\\", b"\\\\", b"x", b",", b"[", b'"a,b"', b'"\\","', b":"])


@given(pieces=st.lists(PIECES, max_size=30))
def test_stepping_over_texts_is_what_taking_them_out_is(pieces: list[bytes]) -> None:
    """The quick look finds the same between texts as the thorough one, also in what is no JSON."""
    # A backslash between texts is no JSON: orjson refuses it, whatever has been counted.
    data = re.sub(rb"^\\+", b"", b"".join(pieces))
    thorough = json_body._TEXT.sub(b"", data)  # noqa: SLF001 - the reference
    assert json_body._between_few_texts(data) == thorough  # noqa: SLF001


@pytest.mark.parametrize(
    "text", [b"\\" * 100, b"\\" * 5_000_000, b'\\"' * 5_000], ids=["a row", "all", "quotes"]
)
def test_a_text_that_can_not_be_stepped_over(text: bytes) -> None:
    """Rows of backslashes and thousands of quotes are left to the thorough look."""
    assert json_body._between_few_texts(b'{"a":"' + text + b'"}') is None  # noqa: SLF001
    limits = JsonLimits(items=3, keys=3)
    assert parse_object(b'{"a":"' + text + b'"}', limits)["a"]


def test_marks_in_a_large_text_are_no_values() -> None:
    """A text may have as many commas and brackets as it likes, quickly found to be one."""
    text = b"[{,:" * 500_000
    assert parse_object(b'{"a":"' + text + b'","b":[1,2]}', SMALL)["b"] == [1, 2]
    assert code_of(b'{"a":"' + text + b'","b":[' + b"1," * 20 + b"2]}", SMALL) == "json_too_large"
