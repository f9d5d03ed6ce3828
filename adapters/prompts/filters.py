"""Jinja's filters as chat templates use them, each counting what it writes.

Knows the spelling of transformers (`tojson`) and how much text each filter can make of little;
refuses to know the sandbox, which is in `sandbox`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from jinja2 import pass_context
from jinja2.filters import FILTERS
from jinja2.runtime import Context

from adapters.prompts.budget import Budget, OverBudget, budget_of
from adapters.prompts.interpolation import percent

#: The widest level of indented JSON.
MAX_INDENT: Final = 16

#: A debugging aid, a die, and links for a page: they have no place in a prompt.
MISSING: Final = ("pprint", "random", "urlize")

# Names with a space: a template can't spell them.
COUNT: Final = "count passes"
CHARGE: Final = "charge text"
CONCAT: Final = "concat texts"


@pass_context
def weighed(context: Context, value: Any) -> Any:
    """Count what is about to be written."""
    budget_of(context).weigh(value)
    return value


@pass_context
def _counted(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    budget = budget_of(context)
    for value in values:
        budget.spend()
        yield value


@pass_context
def _charge(context: Context, characters: int) -> str:
    budget_of(context).spend(characters)
    return ""


@pass_context
def _concat(context: Context, values: list[Any]) -> str:
    budget_of(context).weigh(values)
    return "".join(map(str, values))


@pass_context
def _string(context: Context, value: Any) -> str:
    budget_of(context).weigh(value)
    return str(value)


@pass_context
def join(context: Context, values: Iterable[Any], d: str = "", attribute: str | None = None) -> str:
    """Join texts; also `str.join`."""
    budget = budget_of(context)
    texts: list[str] = []
    for value in values:
        item = value if attribute is None else context.environment.getattr(value, attribute)
        budget.weigh(item)
        budget.spend(len(d))
        texts.append(str(item))
    return d.join(texts)


@pass_context
def replace(context: Context, text: str, old: str, new: str, count: int = -1) -> str:
    """Replace a text's parts; also `str.replace`."""
    budget_of(context).spend(len(text) + text.count(old) * len(new))
    return text.replace(old, new, count)


@pass_context
def _format(context: Context, text: str, /, *values: Any, **named: Any) -> str:
    return percent(budget_of(context), text, named or values)


@pass_context
def _to_json(  # noqa: PLR0917 - transformers' own parameters, in its order
    context: Context,
    value: Any,
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002 - the same
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002 - the same
) -> str:
    """Write JSON for a model, not for a page: `<`, `>`, `&` and letters stay as they are."""
    budget = budget_of(context)
    if indent is not None and (len(indent) if isinstance(indent, str) else indent) > MAX_INDENT:
        raise OverBudget
    budget.weigh(value)
    encoder = json.JSONEncoder(
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )
    return encoder.encode(value) if indent is None else "".join(_pieces(encoder, value, budget))


def _pieces(encoder: json.JSONEncoder, value: Any, budget: Budget) -> Iterator[str]:
    for piece in encoder.iterencode(value):
        budget.spend(len(piece))
        yield piece


def _indent_size(text: str, width: int | str = 4, *_: Any, **__: Any) -> int:
    return (len(text.splitlines()) + 1) * (len(width) if isinstance(width, str) else width)


def _wordwrap_size(
    text: str, _width: int = 79, _break: Any = None, wrapstring: str | None = None, **__: Any
) -> int:
    return len(text) * len(wrapstring or "\n")


#: What a filter of Jinja's may write beside its value's own text, from the filter's arguments.
_SIZES: Final[dict[str, Callable[..., int]]] = {
    "batch": lambda _, linecount, *__, **___: linecount,
    "center": lambda _, width=80: width,
    "filesizeformat": lambda *_, **__: 0,
    "forceescape": lambda *_: 0,
    "indent": _indent_size,
    "slice": lambda _, slices, *__, **___: slices,
    "sum": lambda *_, **__: 0,
    "wordwrap": _wordwrap_size,
    "xmlattr": lambda *_, **__: 0,
}
_OWN: Final = "own "


def _bounded(name: str) -> Callable[..., Any]:
    """Give a filter of Jinja's that first counts what it is going to write."""
    size = _SIZES[name]

    @pass_context
    def counting(context: Context, value: Any, /, *args: Any, **options: Any) -> Any:
        budget = budget_of(context)
        held = list(value) if isinstance(value, Iterator) else value
        budget.weigh(held)
        budget.spend(max(0, size(held, *args, **options)))
        return context.environment.call_filter(_OWN + name, held, args, options, context)

    return counting


def bounded_filters() -> dict[str, Callable[..., Any]]:
    """Give the sandbox's filters by name; those of Jinja's that need no bound are among them."""
    own: dict[str, Callable[..., Any]] = {
        "tojson": _to_json,
        "join": join,
        "replace": replace,
        "string": _string,
        "format": _format,
        COUNT: _counted,
        CHARGE: _charge,
        CONCAT: _concat,
    }
    for name in _SIZES:
        own[name] = _bounded(name)
        own[_OWN + name] = FILTERS[name]
    kept = {name: filter_ for name, filter_ in FILTERS.items() if name not in MISSING}
    return kept | own
