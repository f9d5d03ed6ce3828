"""One thing that a gateway has found out and the others may want to know.

Times are seconds from now, never hours of a day: clocks of machines differ. Whoever reads one
trusts nothing: it is small, of a known form, and within bounds, or it is nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final, Literal, get_args

import orjson

from adapters.value import value

#: `rest`: a deployment rests for so many seconds. `cold`: a site has yet to start, and may be asked
#: in so many seconds. `warm`: it has answered a call that began so many seconds ago.
Kind = Literal["rest", "cold", "warm"]
#: Why a site is cold.
Code = Literal["no_capacity", "model_not_ready"]

#: Seconds for which it stays known that a site is cold, once it may be asked again.
LINGER: Final = 30.0
#: Bytes of a fact at most.
MOST_BYTES: Final = 512
#: Of everything that is counted in seconds.
_MOST_SECONDS: Final = 3600.0
_FORM: Final = 1
_NAME: Final = re.compile(r"[0-9a-f]{32}")
_SENDER: Final = re.compile(r"[0-9a-f]{1,32}")


class NoFact(ValueError):
    """What came is none."""


@value(frozen=True, slots=True, kw_only=True)
class Fact:
    """What was found out.

    Args:
        kind: What it says.
        of: The name of the deployment or of the site.
        seconds: As its kind says.
        code: Why a site is cold.
        retry_after: The seconds that clients are told, where a site is cold.
    """

    kind: Kind
    of: str
    seconds: float
    code: Code = "no_capacity"
    retry_after: float | None = None

    @property
    def subject(self) -> tuple[str, str]:
        """What it is about: of two facts with the same subject only the newer one counts."""
        return ("rest" if self.kind == "rest" else "start", self.of)

    @property
    def stands_for(self) -> float:
        """For how many seconds whoever comes later should learn of it; 0: not at all."""
        if self.kind == "warm":
            return 0.0
        return self.seconds if self.kind == "rest" else self.seconds + LINGER

    def with_left(self, seconds: float) -> Fact:
        """Give the same with so many seconds of `stands_for` left."""
        return replace(self, seconds=max(seconds - (self.stands_for - self.seconds), 0.0))

    def later(self, seconds: float) -> Fact | None:
        """Give what is left of it after so many seconds; None where it says nothing any more."""
        if self.kind == "warm":
            return replace(self, seconds=self.seconds + seconds)
        left = self.stands_for - seconds
        return self.with_left(left) if left > 0 else None

    def written(self, sender: str) -> bytes:
        """Write it down, with who says it."""
        more = {"code": self.code, "retry_after": self.retry_after} if self.kind == "cold" else {}
        seconds = round(min(self.seconds, _MOST_SECONDS), 3)
        told = {"v": _FORM, "by": sender, "kind": self.kind, "of": self.of, "seconds": seconds}
        return orjson.dumps({**told, **more})


def read(data: object) -> tuple[str, Fact]:
    """Read who says what.

    Raises:
        NoFact: it is too long, or has another form.
    """
    if not isinstance(data, bytes) or len(data) > MOST_BYTES:
        raise NoFact
    try:
        told = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise NoFact from error
    if not isinstance(told, dict) or told.get("v") != _FORM:
        raise NoFact
    return _text(told.get("by"), _SENDER), _fact(told)


def _fact(told: dict[str, Any]) -> Fact:
    kind: Any = told.get("kind")
    code: Any = told.get("code", "no_capacity")
    after = told.get("retry_after")
    if kind not in get_args(Kind) or code not in get_args(Code):
        raise NoFact
    return Fact(
        kind=kind,
        of=_text(told.get("of"), _NAME),
        seconds=_seconds(told.get("seconds")),
        code=code,
        retry_after=None if after is None else _seconds(after),
    )


def _text(value: object, form: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise NoFact
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NoFact
    if not 0 <= value <= _MOST_SECONDS:
        raise NoFact
    return float(value)
