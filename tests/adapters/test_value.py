"""Values: what a frozen dataclass would be to whoever keeps to its types."""

from __future__ import annotations

import copy
import pickle
from dataclasses import field, fields, replace

import pytest

from adapters.value import value


@value(frozen=True, slots=True, kw_only=True)
class Point:
    """A value with every kind of field."""

    x: int
    y: int = 0
    note: str = field(default="", compare=False)
    secret: str = field(default="hidden", repr=False)


@value(frozen=True, slots=True)
class Other:
    """As many fields of the same values."""

    x: int
    y: int = 0


@value(frozen=True, slots=True)
class Nothing:
    """No field at all."""


@value(frozen=True, slots=True, eq=False, repr=False)
class Single:
    """Is equal to itself only."""

    x: int


@value(frozen=True, slots=True)
class Own:
    """Says itself what it is equal to, and how it is shown."""

    x: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own)

    def __hash__(self) -> int:
        return 7

    def __repr__(self) -> str:
        return "own"


@value(frozen=True, slots=True)
class Ring:
    """Can hold itself."""

    inside: list[Ring]


def test_equal_fields_make_equal_values() -> None:
    """Values are equal, and hash alike, by the fields that are compared."""
    assert Point(x=1, note="a") == Point(x=1, note="b")
    assert hash(Point(x=1, note="a")) == hash(Point(x=1, note="b"))
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != Point(x=1, secret="told")
    assert len({Nothing(), Nothing()}) == 1


def test_values_of_different_kinds_differ() -> None:
    """Equal fields are not enough: the class counts, and others may answer for themselves."""
    values: list[object] = [Other(1), Point(x=1)]
    assert values[0] != values[1]
    assert len({Other(1), Point(x=1)}) == 2
    assert Other(1).__eq__(1) is NotImplemented


def test_a_value_is_shown_with_its_fields() -> None:
    """Fields are shown by name, and those that are not to be shown are not."""
    assert repr(Point(x=1, note="a")) == "Point(x=1, y=0, note='a')"
    ring = Ring([])
    ring.inside.append(ring)
    assert repr(ring) == "Ring(inside=[...])"


def test_what_a_class_defines_or_refuses_stays_so() -> None:
    """Methods of the class's own win, and `eq` and `repr` can be left out."""
    assert Own(1) == Own(2)
    assert (repr(Own(1)), hash(Own(1))) == ("own", 7)
    assert Single(1) != Single(1)
    assert "x=1" not in repr(Single(1))


def test_values_are_dataclasses() -> None:
    """They can be replaced, matched, copied and sent to other processes."""
    point = Point(x=1, y=2)
    assert replace(point, y=3) == Point(x=1, y=3)
    assert [each.name for each in fields(Point)] == ["x", "y", "note", "secret"]
    assert pickle.loads(pickle.dumps(point)) == point  # noqa: S301 - our own bytes
    assert copy.deepcopy(point) == point
    match Other(1, 2):
        case Other(x, y):
            assert (x, y) == (1, 2)


def test_values_have_their_fields_only() -> None:
    """A name that is no field can't be set: a misspelt one would be believed."""
    with pytest.raises(AttributeError):
        Other(1).z = 2  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
