"""Python's two ways to write values into a text, `%` and `str.format`, within a budget.

What they would write is counted before it is written. Attributes named inside a format
(`'{0.__class__}'`) are as far out of reach as anywhere else in the sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from jinja2 import pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment, SandboxedFormatter
from markupsafe import EscapeFormatter, Markup

from adapters.prompts.budget import Budget, OverBudget, budget_of

#: The widest field, and the greatest precision.
MAX_WIDTH: Final = 10_000

_NUMBER: Final = re.compile(r"\d+")
#: As Python reads it: https://docs.python.org/3/library/stdtypes.html#old-string-formatting
_CONVERSION: Final = re.compile(
    r"%(?:\([^()]*\))?[-#0 +]*(\*|\d*)(?:\.(\*|\d*))?[hlL]?(.)", re.DOTALL
)


def percent(budget: Budget, text: str, values: Any) -> str:
    """Give `text % values`.

    Raises:
        OverBudget: a field is too wide, or all of it too long.
        SecurityError: a width that is a value itself, or a key with brackets.
    """
    budget.spend(len(text))
    for width, precision, kind in _CONVERSION.findall(text):
        if "*" in (width, precision) or kind == "(":
            raise SecurityError("this kind of '%' format is out of bounds")
        _spend_width(budget, f"{width} {precision}")
        if kind != "%":
            budget.weigh(values)
    written: str = text % values
    return written


def str_format(environment: SandboxedEnvironment, method: Any) -> Callable[..., str]:
    """Give a text's `format` or `format_map` so that it counts what it writes."""
    text: str = method.__self__

    @pass_context
    def bounded(context: Context, /, *args: Any, **kwargs: Any) -> str:
        if method.__name__ == "format_map":
            args, kwargs = (), *args
        budget = budget_of(context)
        if isinstance(text, Markup):
            formatter = _EscapingFormatter(environment, budget, text)
            return Markup(formatter.vformat(text, args, kwargs))  # noqa: S704 - it has escaped them
        return _Formatter(environment, budget, text).vformat(text, args, kwargs)

    return bounded


class _Formatter(SandboxedFormatter):
    """Python's formatter; attributes by the sandbox's rules, text by the budget's."""

    def __init__(
        self, environment: SandboxedEnvironment, budget: Budget, text: str, **options: Any
    ) -> None:
        super().__init__(environment, **options)
        self._budget = budget
        budget.spend(len(text))

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """Write a value as `!r`, `!s` or `!a` say, if it may be as long as that."""
        if conversion is not None:
            self._budget.weigh(value)
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> Any:
        """Write a value to its width, if it may be as long as that."""
        _spend_width(self._budget, format_spec)
        self._budget.weigh(value)
        return super().format_field(value, format_spec)


class _EscapingFormatter(_Formatter, EscapeFormatter):
    """The same for a text that is marked safe: what is written into it is escaped."""

    def __init__(self, environment: SandboxedEnvironment, budget: Budget, text: Markup) -> None:
        super().__init__(environment, budget, text, escape=text.escape)


def _spend_width(budget: Budget, spec: str) -> None:
    for number in _NUMBER.findall(spec):
        if int(number[:9]) > MAX_WIDTH:
            raise OverBudget
        budget.spend(int(number))
