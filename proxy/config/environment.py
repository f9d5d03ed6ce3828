"""`os.environ/NAME` in values, and the `environment_variables` that the file itself sets.

Works on the mapping that it is handed and never touches the process's environment; nothing of a
request ever comes here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from proxy.config.document import Unreadable
from proxy.config.problems import Report
from proxy.config.tree import Node
from proxy.config.variable import read_variable

_PREFIX = "os.environ/"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Variables that choose which code runs in this process and its children.
_CODE_PREFIXES = ("LD_", "DYLD_", "PYTHON", "BASH_FUNC_")
_CODE_NAMES = frozenset(
    {
        "BASH_ENV",
        "ENV",
        "GCONV_PATH",
        "GIT_SSH_COMMAND",
        "HOME",
        "IFS",
        "NODE_OPTIONS",
        "OPENSSL_CONF",
        "OPENSSL_ENGINES",
        "OPENSSL_MODULES",
        "PATH",
        "PERL5LIB",
        "SHELL",
        "SSLKEYLOGFILE",
    }
)


def resolved(node: Node, environ: Mapping[str, str], report: Report) -> Node | None:
    """Replace every `os.environ/NAME` in a tree; None for an unset one.

    `true` and `false` become booleans, as in LiteLLM; other text stays text, and the schema reads
    numbers out of it.
    """
    if isinstance(node.value, dict):
        pairs = ((key, resolved(child, environ, report)) for key, child in node.value.items())
        return node.holding({key: child for key, child in pairs if child is not None})
    if isinstance(node.value, list):
        children = (resolved(child, environ, report) for child in node.value)
        return node.holding([child for child in children if child is not None])
    return _looked_up(node, environ, report) if is_reference(node) else node


def is_reference(node: Node) -> bool:
    """Whether a value is `os.environ/NAME`; after resolving: whether that variable is not set."""
    return isinstance(node.value, str) and node.value.startswith(_PREFIX)


def _looked_up(node: Node, environ: Mapping[str, str], report: Report) -> Node | None:
    name = node.text.removeprefix(_PREFIX)
    if not _NAME.fullmatch(name):
        report.refuse(node.place, f"expected the name of a variable behind {_PREFIX}")
        return node
    try:
        text = read_variable(name, environ)
    except Unreadable as error:
        report.refuse(node.place, str(error))
        return node
    if text is None:
        report.doubt(node.place, f"the environment variable {name} is not set")
        return None if report.lenient else node
    flag = {"true": True, "false": False}.get(text.strip().lower())
    return Node(node.place, text if flag is None else flag, text)


def exported(root: Node, environ: Mapping[str, str], report: Report) -> tuple[Node, dict[str, str]]:
    """Give the tree with its `environment_variables` as text, and those variables."""
    section = root.mapping.get("environment_variables")
    if section is None or not isinstance(section.value, dict):
        return root, {}
    variables: dict[str, Node] = {}
    for name, node in section.value.items():
        variable = _variable(name, node, environ, report)
        if variable is not None:
            variables[name] = variable
    root = root.holding({**root.mapping, "environment_variables": section.holding(dict(variables))})
    return root, {name: node.text for name, node in variables.items()}


def _variable(name: str, node: Node, environ: Mapping[str, str], report: Report) -> Node | None:
    if not _NAME.fullmatch(name):
        report.refuse(node.place, "expected a name of letters, digits and underscores")
    elif name.upper() in _CODE_NAMES or name.upper().startswith(_CODE_PREFIXES):
        report.refuse(node.place, "may not be set here: it decides which code runs")
    elif isinstance(node.value, list | dict):
        report.refuse(node.place, "expected a text")
    elif node.value is not None:
        found = resolved(node, environ, report)
        return found and Node(found.place, found.text, found.text)
    return None
