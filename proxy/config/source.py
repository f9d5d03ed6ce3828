"""The documents: reading them, and joining those that `include` names.

Every way a document can be unreadable becomes one line, never a traceback.
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy.config.document import Document, Unreadable
from proxy.config.environment import is_reference, resolved
from proxy.config.problems import Place, Report
from proxy.config.tree import Node, merged
from proxy.config.yaml_tree import parse


def read_tree(document: Document, environ: Mapping[str, str], report: Report) -> Node | None:
    """Read a configuration and all that it includes; None when it has no usable content."""
    return _Reader(environ, report).read(document, Place(document.name), ())


class _Reader:
    """Follows `include` through the documents."""

    def __init__(self, environ: Mapping[str, str], report: Report) -> None:
        self._environ = environ
        self._report = report

    def read(self, document: Document, named_at: Place, chain: tuple[str, ...]) -> Node | None:
        """Read one; `chain` are the identities of those that led to it, for cycles."""
        text = self._text(document, named_at)
        if text is None:
            return None
        if document.identity in chain:
            self._report.refuse(named_at, "the file includes itself")
            return None
        root = parse(text, document.name, self._report)
        if root is None:
            return None
        if not isinstance(root.value, dict):
            found = "is empty" if root.value is None else "does not hold a mapping"
            self._report.refuse(root.place, f"{found}: expected keys such as model_list")
            return None
        return self._with_included(root, document, (*chain, document.identity))

    def _with_included(self, root: Node, document: Document, chain: tuple[str, ...]) -> Node:
        include = root.mapping.get("include")
        if include is None:
            return root
        for item in include.items:
            name = resolved(item, self._environ, self._report)
            if name is None or is_reference(name) or not isinstance(name.value, str):
                continue  # an unset variable is told already; another type is told by the schema
            included = self.read(document.beside(name.value), item.place, chain)
            if included is not None:
                root = merged(root, included.without("include"))
        return root

    def _text(self, document: Document, named_at: Place) -> str | None:
        try:
            return document.read().decode("utf-8-sig")
        except Unreadable as error:
            message = str(error)
        except UnicodeDecodeError:
            message = "is not UTF-8 text"
        if named_at.line:
            message = f"{document.name}: {message}"
        self._report.refuse(named_at, message)
        return None
