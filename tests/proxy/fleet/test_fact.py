"""Facts on the wire: what is written can be read, and nothing else."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.fleet.fact import LINGER, MOST_BYTES, Fact, Kind, NoFact, read

NAME = "0123456789abcdef" * 2
GOOD = {"v": 1, "by": "ab", "kind": "rest", "of": NAME, "seconds": 4}


@pytest.mark.parametrize(
    "fact",
    [
        Fact(kind="rest", of=NAME, seconds=4.5),
        Fact(kind="warm", of=NAME, seconds=0.0),
        Fact(kind="cold", of=NAME, seconds=5.0, code="model_not_ready", retry_after=1.0),
        Fact(kind="cold", of=NAME, seconds=5.0),
    ],
)
def test_there_and_back(fact: Fact) -> None:
    """What one process writes another reads, with who wrote it, within a size that is fit."""
    data = fact.written("cafe")
    assert len(data) < MOST_BYTES / 2
    assert read(data) == ("cafe", fact)


@pytest.mark.parametrize(
    "wrong",
    [
        {"v": 2},
        {"by": "not hex"},
        {"by": None},
        {"by": "a" * 33},
        {"kind": "reboot"},
        {"kind": ["rest"]},
        {"of": "chat"},
        {"of": NAME + "\n"},
        {"of": 7},
        {"seconds": -1},
        {"seconds": 1e9},
        {"seconds": "4"},
        {"seconds": True},
        {"seconds": None},
        {"code": "shut_down"},
        {"code": {}},
        {"retry_after": -1},
        {"more": "x" * MOST_BYTES},
    ],
)
def test_garbled_facts_are_none(wrong: dict[str, object]) -> None:
    """What is out of form or out of bounds is no fact, whatever else it has."""
    assert read(orjson.dumps(GOOD))[0] == "ab"
    with pytest.raises(NoFact):
        read(orjson.dumps({**GOOD, **wrong}))


@given(st.one_of(st.binary(max_size=600), st.text().map(str.encode), st.none(), st.integers()))
def test_noise_is_no_fact(noise: object) -> None:
    """Whatever comes, it is a fact or it is `NoFact`."""
    with pytest.raises(NoFact):
        read(noise)


@pytest.mark.parametrize("text", [b"[]", b"{}", b"null", b'"rest"', b"NaN", b"[" * 500])
def test_other_json_is_no_fact(text: bytes) -> None:
    """JSON of another form is no fact either."""
    with pytest.raises(NoFact):
        read(text)


@pytest.mark.parametrize(("kind", "stands"), [("rest", 5.0), ("cold", 5.0 + LINGER), ("warm", 0.0)])
def test_how_long_a_fact_stands(kind: Kind, stands: float) -> None:
    """Whoever comes later learns of a rest until its end, of a cold site a little longer."""
    assert Fact(kind=kind, of=NAME, seconds=5).stands_for == stands


def test_facts_age() -> None:
    """A fact that waited is told with what is left of it, or not at all."""
    rest = Fact(kind="rest", of=NAME, seconds=5)
    cold = Fact(kind="cold", of=NAME, seconds=5)
    warm = Fact(kind="warm", of=NAME, seconds=5)
    left = [fact.later(2) for fact in (rest, cold, warm)]
    assert [fact and fact.seconds for fact in left] == [3, 3, 7]
    assert rest.later(5) is None
    late = cold.later(5 + LINGER / 2)
    assert late is not None
    assert late.seconds == 0
    assert cold.later(5 + LINGER) is None
