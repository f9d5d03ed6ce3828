"""YAML text to a tree with places.

Stricter than YAML where YAML surprises: keys are always text, a duplicate key is a problem, dates
stay text, and only plain data exists. Refuses to know files and what the keys mean.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from proxy.config.problems import Path, Place, Report
from proxy.config.tree import Node

#: The fast one where PyYAML was built with libyaml; both give the same nodes and marks.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: libyaml recurses in C without a limit of its own.
_DEEPEST = 100
#: Aliases of aliases grow exponentially. What is written out has no more nodes than half of its
#: characters, however long it is.
_MOST_NODES = 100_000
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "timestamp")
)
#: Numbers to everybody but YAML 1.1, which wants a dot in them.
_EXPONENT = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+")
#: All but YAML's printable ones: few, and so compiled in a fifth of the time.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def parse(text: str, file: str, report: Report) -> Node | None:
    """Read one YAML document; None, with a problem noted, when it can't be read.

    An empty document is a node without a value.
    """
    control = _CONTROL.search(text)
    if control:
        before = text[: control.start()]
        line, column = before.count("\n") + 1, control.start() - before.rfind("\n")
        report.refuse(Place(file, line, column), "a control character is not allowed here")
        return None
    try:
        deep = _too_deep(text)
        if deep is not None:
            report.refuse(_at(file, deep), "nested too deeply")
            return None
        loader = _Loader(text)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        report.refuse(_at(file, error.problem_mark or error.context_mark), _words(error))
        return None
    if root is None:
        return Node(Place(file), None)
    most = max(_MOST_NODES, len(text) // 2)
    return _Builder(file, report, loader, most).build(root, Place(file))


def _words(error: yaml.MarkedYAMLError) -> str:
    return f"not valid YAML: {', '.join(part for part in (error.context, error.problem) if part)}"


def _at(file: str, mark: Any) -> Place:
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)


def _too_deep(text: str) -> Any:
    """Give the mark of the first value that is nested too deeply, or None."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            return event.start_mark
    return None


@dataclass(slots=True)
class _Builder:
    """Turns one file's YAML nodes into tree nodes."""

    file: str
    report: Report
    loader: yaml.SafeLoader
    most: int
    _open: set[int] = field(default_factory=set)
    _flat: set[int] = field(default_factory=set)
    _count: int = 0

    def build(self, node: yaml.Node, place: Place) -> Node:
        """Build a node and all below it; what can't be built is noted and has no value."""
        self._count += 1
        if self._count > self.most:
            self.report.refuse(Place(self.file), "too large, or too many aliases of aliases")
            return Node(place, None)
        if id(node) in self._open:
            self.report.refuse(place, "an anchor must not contain itself")
            return Node(place, None)
        self._open.add(id(node))
        built = self._built(node, place)
        self._open.discard(id(node))
        return built

    def _built(self, node: yaml.Node, place: Place) -> Node:
        if isinstance(node, yaml.MappingNode) and node.tag.endswith(":map"):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode) and node.tag.endswith(":seq"):
            return Node(place, [self._item(n, item, place) for n, item in enumerate(node.value)])
        if isinstance(node, yaml.ScalarNode) and node.tag in _PLAIN_TAGS:
            return self._scalar(node, place)
        self.report.refuse(place, f"the tag {node.tag} is not supported: write plain data")
        return Node(place, None)

    def _item(self, index: int, item: yaml.Node, parent: Place) -> Node:
        return self.build(item, self._place(item, (*parent.path, index)))

    def _mapping(self, node: yaml.MappingNode, place: Place) -> Node:
        self._flatten(node, place)
        children: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.report.refuse(self._place(key, place.path), "expected a text as key")
                continue
            at = self._place(key, (*place.path, key.value))
            children[key.value] = self.build(value, at)
        return Node(place, children)

    def _flatten(self, node: yaml.MappingNode, place: Place) -> None:
        """Note duplicate keys, then put merged mappings (`<<`) before the mapping's own keys."""
        if id(node) in self._flat:
            return
        self._flat.add(id(node))
        first: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in first:
                at = self._place(key, (*place.path, key.value))
                line = first[key.value]
                self.report.refuse(at, f"the key stands here twice, first on line {line}")
            first.setdefault(key.value, key.start_mark.line + 1)
        try:
            self.loader.flatten_mapping(node)
        except yaml.MarkedYAMLError as error:
            self.report.refuse(place, _words(error))

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Node:
        try:
            value = self._constructed(node)
        except ValueError:
            self.report.refuse(place, "not a number that can be read: put text in quotes")
            return Node(place, None)
        if isinstance(value, float) and not math.isfinite(value):
            self.report.refuse(place, "expected a finite number")
            return Node(place, None)
        return Node(place, value, node.value)

    def _constructed(self, node: yaml.ScalarNode) -> Any:
        if node.tag.endswith(":timestamp"):
            return node.value
        if not node.style and _EXPONENT.fullmatch(node.value):
            return float(node.value)
        return self.loader.construct_object(node)

    def _place(self, node: yaml.Node, path: Path) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1, path)
