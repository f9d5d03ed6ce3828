"""`credential_list`: named credentials, put in where they are named.

Happens before validation and before the router's defaults are spread: a deployment is judged with
the credential's settings, and each keeps the place where it was written.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from adapters.deployment.settings import IDENTITY_KEYS
from proxy.config.problems import Report
from proxy.config.tree import Node

_NAME = "litellm_credential_name"
#: Say who signs, and go together: a deployment that sets one of them inherits none of the others.
SIGNING_KEYS = (*IDENTITY_KEYS, _NAME)


def with_credentials(root: Node, report: Report) -> Node:
    """Give the tree with every named credential's settings where it is named."""
    known = _by_name(root.mapping.get("credential_list"), report)

    def entry(node: Node) -> Node:
        return _replaced(node, "litellm_params", known, report)

    sections = dict(root.mapping)
    models = sections.get("model_list")
    if models is not None and models.items:
        sections["model_list"] = models.holding([entry(node) for node in models.items])
    router = sections.get("router_settings")
    if router is not None:
        sections["router_settings"] = _replaced(router, "default_litellm_params", known, report)
    return root.holding(sections) if sections else root


def _by_name(section: Node | None, report: Report) -> Mapping[str, Node]:
    """Give the values of each credential by its name; what lacks either, the schema refuses."""
    known: dict[str, Node] = {}
    for entry in section.items if section else ():
        name, values = entry.mapping.get("credential_name"), entry.mapping.get("credential_values")
        if name is None or values is None:
            continue
        if name.text in known:
            report.refuse(name.place, "another credential has the same name")
        known[name.text] = values
    return known


def _replaced(parent: Node, key: str, known: Mapping[str, Node], report: Report) -> Node:
    """Give the parent, and under the key the credential's settings beside the node's own."""
    node = parent.mapping.get(key)
    name = node.mapping.get(_NAME) if node else None
    if node is None or name is None or name.value is None:
        return parent
    values = known.get(name.text)
    if values is None:
        close = difflib.get_close_matches(name.text, known, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        report.refuse(name.place, f"credential_list has no credential of this name{hint}")
        return parent
    own = {key: child for key, child in node.mapping.items() if child.value is not None}
    for mixed in own.keys() & set(IDENTITY_KEYS):
        report.refuse(own[mixed].place, f"{_NAME} says who signs: keep one of the two")
    filled = node.holding({**values.mapping, **own})
    return parent.holding({**parent.mapping, key: filled})
