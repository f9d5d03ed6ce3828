"""Jinja as chat templates expect it (the conventions of Hugging Face transformers), in a cage.

Bounded by `Budget`: loop passes, calls, operators, and every text written, joined or formatted,
also inside macros and `set` blocks; `range` is short, and a width has a limit. Not bounded:
comparing nested lists, and what a filter does inside itself with values that are each within the
budget. Templates come from the operator, never from a client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

from jinja2 import Template, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from adapters.prompts.budget import OverBudget, budget_of
from adapters.prompts.filters import (
    CHARGE,
    CONCAT,
    COUNT,
    bounded_filters,
    join,
    replace,
    weighed,
)
from adapters.prompts.generation_tag import GenerationTag
from adapters.prompts.interpolation import percent, str_format

#: The longest `range`.
MAX_RANGE: Final = 10_000

#: Methods that leave the world of texts, or make much text out of little; no template needs them.
_MISSING_METHODS: Final = frozenset({"encode", "expandtabs", "to_bytes", "translate"})
_PADDING_METHODS: Final = frozenset({"center", "ljust", "rjust", "zfill"})


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
            finalize=weighed,
        )
        self.globals = {
            "range": _short_range,
            "namespace": _namespace,
            "dict": dict,
            "raise_exception": _refuse,
        }
        self.filters = bounded_filters()

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

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Give `str.format` within the budget; None for anything else."""
        is_format = super().wrap_str_format(value) is not None
        return str_format(self, value) if is_format else None

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Refuse at once: Jinja's own answer may be printed as nothing."""
        raise SecurityError(f"{attribute!r} of {type(obj).__name__!r} is out of bounds")

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Count the call; see to the string methods that multiply."""
        budget = budget_of(context)
        budget.spend()
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str) and name == "replace":
            return replace(context, owner, *args, **kwargs)
        if isinstance(owner, str) and name == "join":
            return join(context, args[0], owner)
        if isinstance(owner, str) and name in _PADDING_METHODS:
            budget.spend(max(0, args[0]))
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Count the operation and what it makes."""
        budget = budget_of(context)
        budget.spend()
        if operator == "%" and isinstance(left, str):
            return percent(budget, left, right)
        budget.spend(_SIZES[operator](left, right))
        return super().call_binop(context, operator, left, right)


class _Counting(NodeTransformer):
    """Rewrites a parsed template so that loops, literal text and `~` go through the budget."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - Jinja names its visitors so
        self.generic_visit(node)
        node.iter = _filtered(node.iter, COUNT)
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
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), CONCAT)


def _charge_for(node: nodes.Node, characters: int) -> nodes.Filter:
    return _filtered(nodes.Const(characters, lineno=node.lineno), CHARGE)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple) else 0


def _sum_size(left: Any, right: Any) -> int:
    return _size(left) + _size(right)


def _product_size(left: Any, right: Any) -> int:
    """Give the length of a repeated text or list, or the bits of a product of numbers."""
    if isinstance(left, int) and isinstance(right, int):
        return left.bit_length() + right.bit_length()
    times = left if isinstance(left, int) else right
    return (_size(left) + _size(right)) * times if isinstance(times, int) and times > 0 else 0


def _power_size(left: Any, right: Any) -> int:
    """Give the bits of a power of whole numbers."""
    whole = isinstance(left, int) and isinstance(right, int)
    return left.bit_length() * max(0, right) if whole else 0


_SIZES: Final[dict[str, Callable[[Any, Any], int]]] = {
    "+": _sum_size,
    "*": _product_size,
    "**": _power_size,
    "%": lambda _, __: 0,
}


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise OverBudget
    return numbers


class _PublicNames(Namespace):
    """A namespace without Python's own names: some are called without asking the sandbox."""

    def __setitem__(self, name: str, value: Any) -> None:
        _public(name)
        super().__setitem__(name, value)


def _namespace(*given: Any, **named: Any) -> Namespace:
    attributes = dict(*given, **named)
    for name in attributes:
        _public(name)
    return _PublicNames(attributes)


def _public(name: Any) -> None:
    if str(name).startswith("_"):
        raise SecurityError(f"{name!r} is out of bounds")


def _refuse(message: object) -> NoReturn:
    raise TemplateRefusal(str(message))
