"""`router_settings.default_litellm_params`, spread over the deployments.

Happens before validation, so that a deployment is judged with what it inherits; each inherited
value keeps the place where it was written.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.deployment.settings import URL_KEYS
from proxy.config.credentials import SIGNING_KEYS
from proxy.config.tree import Node


def spread_defaults(root: Node) -> Node:
    """Give the tree with the router's defaults in every deployment that does not set them."""
    router = root.mapping.get("router_settings")
    defaults = router.mapping.get("default_litellm_params") if router else None
    models = root.mapping.get("model_list")
    if defaults is None or models is None or not isinstance(models.value, list):
        return root
    entries = [_with_defaults(entry, defaults.mapping) for entry in models.value]
    return root.holding({**root.mapping, "model_list": models.holding(entries)})


def _with_defaults(entry: Node, defaults: Mapping[str, Node]) -> Node:
    params = entry.mapping.get("litellm_params")
    if params is None or not isinstance(params.value, dict):
        return entry
    own = {key: node for key, node in params.value.items() if node.value is not None}
    inherited = {key: node for key, node in defaults.items() if not _decided(key, own)}
    return entry.holding({**entry.mapping, "litellm_params": params.holding({**inherited, **own})})


def _decided(key: str, own: Mapping[str, Node]) -> bool:
    """Whether a deployment has this setting, or another one that belongs together with it."""
    for group in (URL_KEYS, SIGNING_KEYS):
        if key in group:
            return any(name in own for name in group)
    return key in own
