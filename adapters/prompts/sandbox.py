"""Jinja as chat templates expect it (the conventions of Hugging Face transformers), in a cage.

Bounded by `Budget`: loop passes, calls, operators, and every text written or joined with `~`, also
inside macros and `set` blocks; `range` is short, and what pads, formats or repeats text to a width
is missing. Not bounded: comparing nested lists, and what a filter does inside itself with values
that are each within the budget. Templates come from the operator, never from a client.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn

from jinja2 import Template, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from adapters.prompts.budget import Budget, OverBudget
from adapters.prompts.generation_tag import GenerationTag

#: The longest `range`.
MAX_RANGE: Final = 10_000
MAX_INDENT: Final = 16

# Names with a space: a template can't spell them.
BUDGET: Final = "the budget"
_COUNT: Final = "count passes"
_CHARGE: Final = "charge text"
_CONCAT: Final = "concat texts"

#: Filters that reach attributes, or make much text out of little.
_MISSING_FILTERS: Final = (
    *("attr", "batch", "center", "filesizeformat", "forceescape", "format", "indent", "pprint"),
    *("random", "slice", "sum", "urlize", "wordwrap", "xmlattr"),
)
#: The same for the methods of texts and numbers.
_MISSING_METHODS: Final = frozenset(
    {
        *(
            "center",
            "encode",
            "expandtabs",
            "format",
            "format_map",
            "ljust",
            "rjust",
            "to_bytes",
            "translate",
            "zfill",
        ),
    }
)


class TemplateRefusal(Exception):
    """What the template said in `raise_exception`."""


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment; one for all templates, never changed after it is built."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            # Folding constants would run the operators before there is a budget.
            optimized=False,
            extensions=["jinja2.ext.loopcontrols", GenerationTag],
            finalize=_weighed,
        )
        self.globals = {
            "range": _short_range,
            "namespace": Namespace,
            "dict": dict,
            "raise_exception": _refuse,
        }
        for name in _MISSING_FILTERS:
            self.filters.pop(name)
        self.filters |= {
            "tojson": _to_json,
            "join": _join,
            "replace": _replace,
            "string": _string,
            _COUNT: _counted,
            _CHARGE: _charge,
            _CONCAT: _concat,
        }

    def compiled(self, source: str) -> Template:
        """Compile a template whose loops, macros and joins count what they do.

        Raises:
            jinja2.TemplateSyntaxError: it is not one, or uses a filter that is missing here.
        """
        tree = _Counting().visit(self.parse(source))
        return Template.from_code(self, self.compile(tree), self.make_globals(None))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuse Python's insides, and methods that make much text out of little."""
        return attr not in _MISSING_METHODS and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """Refuse `str.format`, which Jinja lets through before `is_safe_attribute` is asked."""
        if getattr(value, "__name__", "") in {"format", "format_map"}:
            raise SecurityError("'format' is out of bounds")

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Refuse at once: Jinja's own answer may be printed as nothing."""
        raise SecurityError(f"{attribute!r} of {type(obj).__name__!r} is out of bounds")

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Count the call; see to the string methods that multiply."""
        _budget(context).spend()
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str) and name == "replace":
            return _replace(context, owner, *args, **kwargs)
        if isinstance(owner, str) and name == "join":
            return _join(context, args[0], owner)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Count the operation and what it makes; powers and `%` formatting are out of bounds."""
        budget = _budget(context)
        budget.spend()
        if operator == "+":
            budget.spend(_size(left) + _size(right))
        elif operator == "*":
            budget.spend(_product_size(left, right))
        elif operator == "**" or not _is_number(left):
            raise SecurityError(f"{operator!r} is out of bounds")
        return super().call_binop(context, operator, left, right)


class _Counting(NodeTransformer):
    """Rewrites a parsed template so that loops, literal text and `~` go through the budget."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - Jinja names its visitors so
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _COUNT)
        if node.recursive:  # `loop(children)` passes by the line above
            node.body.insert(0, nodes.Output([_charge_for(node, 0)], lineno=node.lineno))
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802 - the same
        self.generic_visit(node)
        literal = sum(len(part.data) for part in node.nodes if isinstance(part, nodes.TemplateData))
        node.nodes.insert(0, _charge_for(node, literal))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 - the same
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), _CONCAT)


def _charge_for(node: nodes.Node, characters: int) -> nodes.Filter:
    return _filtered(nodes.Const(characters, lineno=node.lineno), _CHARGE)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _budget(context: Context) -> Budget:
    budget = context.parent[BUDGET]
    assert isinstance(budget, Budget)  # noqa: S101 - put there by `jinja`, for the type checker
    return budget


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _product_size(left: Any, right: Any) -> int:
    """Give the length of a repeated text or list, or the bits of a product of numbers."""
    if isinstance(left, int) and isinstance(right, int):
        return left.bit_length() + right.bit_length()
    times = left if isinstance(left, int) else right
    return (_size(left) + _size(right)) * times if isinstance(times, int) and times > 0 else 0


@pass_context
def _weighed(context: Context, value: Any) -> Any:
    _budget(context).weigh(value)
    return value


@pass_context
def _counted(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    budget = _budget(context)
    for value in values:
        budget.spend()
        yield value


@pass_context
def _charge(context: Context, characters: int) -> str:
    _budget(context).spend(characters)
    return ""


@pass_context
def _concat(context: Context, values: list[Any]) -> str:
    _budget(context).weigh(values)
    return "".join(map(str, values))


@pass_context
def _string(context: Context, value: Any) -> str:
    _budget(context).weigh(value)
    return str(value)


@pass_context
def _join(
    context: Context, values: Iterable[Any], d: str = "", attribute: str | None = None
) -> str:
    budget = _budget(context)
    texts: list[str] = []
    for value in values:
        item = value if attribute is None else context.environment.getattr(value, attribute)
        budget.weigh(item)
        budget.spend(len(d))
        texts.append(str(item))
    return d.join(texts)


@pass_context
def _replace(context: Context, text: str, old: str, new: str, count: int = -1) -> str:
    _budget(context).spend(len(text) + text.count(old) * len(new))
    return text.replace(old, new, count)


@pass_context
def _to_json(context: Context, value: Any, *, indent: int | None = None, **options: Any) -> str:
    """Write JSON for a model, not for a page: `<`, `>`, `&` and letters stay as they are."""
    if indent is not None and indent > MAX_INDENT:
        raise OverBudget
    _budget(context).weigh(value)
    options = {key: options[key] for key in ("separators", "sort_keys") if key in options}
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_plain, **options)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise OverBudget
    return numbers


def _refuse(message: object) -> NoReturn:
    raise TemplateRefusal(str(message))
