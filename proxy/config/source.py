"""The files: reading them, and joining those that `include` names.

Every way a file can be unreadable becomes one line, never a traceback.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from proxy.config.environment import is_reference, resolved
from proxy.config.problems import Place, Report
from proxy.config.tree import Node, merged
from proxy.config.yaml_tree import parse


def read_tree(path: Path, environ: Mapping[str, str], report: Report) -> Node | None:
    """Read a configuration file and all that it includes; None when it has no usable content."""
    return _Reader(environ, report).read(path, Place(str(path)), ())


class _Reader:
    """Follows `include` through the files."""

    def __init__(self, environ: Mapping[str, str], report: Report) -> None:
        self._environ = environ
        self._report = report

    def read(self, path: Path, named_at: Place, chain: tuple[Path, ...]) -> Node | None:
        """Read one file; `chain` are the files that led to it, for cycles."""
        text = self._text(path, named_at)
        if text is None:
            return None
        real = path.resolve()
        if real in chain:
            self._report.refuse(named_at, "the file includes itself")
            return None
        root = parse(text, str(path), self._report)
        if root is None:
            return None
        if not isinstance(root.value, dict):
            found = "is empty" if root.value is None else "does not hold a mapping"
            self._report.refuse(root.place, f"{found}: expected keys such as model_list")
            return None
        return self._with_included(root, path, (*chain, real))

    def _with_included(self, root: Node, path: Path, chain: tuple[Path, ...]) -> Node:
        include = root.mapping.get("include")
        if include is None:
            return root
        for item in include.items:
            name = resolved(item, self._environ, self._report)
            if name is None or is_reference(name) or not isinstance(name.value, str):
                continue  # an unset variable is told already; another type is told by the schema
            included = self.read(path.parent / name.value, item.place, chain)
            if included is not None:
                root = merged(root, included.without("include"))
        return root

    def _text(self, path: Path, named_at: Place) -> str | None:
        try:
            return path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            message = "there is no such file"
        except IsADirectoryError:
            message = "is a directory, expected a file"
        except UnicodeDecodeError:
            message = "is not UTF-8 text"
        except (OSError, ValueError) as error:
            message = f"can't be read: {getattr(error, 'strerror', None) or 'not a usable path'}"
        if named_at.line:
            message = f"{path}: {message}"
        self._report.refuse(named_at, message)
        return None
