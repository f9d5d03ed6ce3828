"""The judgement on every key: honoured, LiteLLM's but unused, refused, misplaced, or unknown.

Works before validation, on names alone, so that a slip is told in its own words and its value
never reaches a container. Refuses to judge values: the schema does.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from pydantic import BaseModel

from adapters.deployment.settings import SigningSettings
from adapters.spelling import distance, nearest
from proxy.config.cache import CacheParams
from proxy.config.callbacks import CALLBACK_LISTS, RECORDERS
from proxy.config.compat import UNSUPPORTED, UNUSED
from proxy.config.deployment import DeploymentParams, DeploymentSettings
from proxy.config.jwt import JwtAuth, JwtIssuer, ScopeMapping
from proxy.config.key_entry import KeyEntry
from proxy.config.problems import Report
from proxy.config.router import RouterSettings
from proxy.config.schema import (
    CredentialEntry,
    GeneralSettings,
    LitellmSettings,
    ModelEntry,
    ModelInfo,
    ProxyConfig,
)
from proxy.config.tree import Node
from proxy.config.wildcard import Discover

_SCHEMAS: Mapping[str, type[BaseModel]] = {
    "root": ProxyConfig,
    "model_list": ModelEntry,
    "litellm_params": DeploymentParams,
    "discover": Discover,
    "model_info": ModelInfo,
    "credential_list": CredentialEntry,
    "credential_values": SigningSettings,
    "keys": KeyEntry,
    "litellm_settings": LitellmSettings,
    "router_settings": RouterSettings,
    "general_settings": GeneralSettings,
    "cache_params": CacheParams,
    "litellm_jwtauth": JwtAuth,
    "issuers": JwtIssuer,
    "scope_mappings": ScopeMapping,
}
_HOMES = {
    "root": "at the top of the file",
    "model_list": "in an entry of model_list",
    "credential_list": "in an entry of credential_list",
    "keys": "in an entry of keys",
}
#: Sections that are judged by name when they turn up under a deployment: a container has no use
#: for their keys, and some of them are secrets.
_NEVER_A_PARAMETER = ("root", "general_settings", "litellm_settings", "router_settings")
#: Their keys have names such as `port` and `scope`, which mean something else elsewhere.
_NO_HOME = ("cache_params", "issuers", "scope_mappings")
#: Limits whose short names are easily mistyped: a slip would lift them.
_SHORT_LIMITS: Final = ("rpm", "tpm")
#: What no two deployments can share.
_EACH_ONES_OWN = DeploymentParams.model_fields.keys() - DeploymentSettings.model_fields.keys()
#: Sections whose keys narrow something: leaving one out, misspelt as it is, would widen it.
_STRICT = ("keys", "litellm_jwtauth", "issuers", "scope_mappings")
_WAY_OUT = "a container's own parameter of this name goes under extra_body"


def judged(root: Node, report: Report) -> Node:
    """Give the tree with the honoured keys only; all others are told to the report."""
    sections = {
        "model_list": lambda node: _each(node, lambda entry: _entry(entry, report)),
        "credential_list": lambda node: _each(node, lambda entry: _credential(entry, report)),
        "keys": lambda node: _each(node, lambda entry: _closed(entry, "keys", report)),
        "litellm_settings": lambda node: _litellm(node, report),
        "general_settings": lambda node: _general(node, report),
        "router_settings": lambda node: _router(node, report),
    }
    return _descend(_closed(root, "root", report), sections)


def _entry(entry: Node, report: Report) -> Node:
    sections = {
        "litellm_params": lambda node: _parameters(node, report),
        "model_info": lambda node: _open(node, "model_info", report),
    }
    return _descend(_closed(entry, "model_list", report), sections)


def _credential(entry: Node, report: Report) -> Node:
    sections = {
        "credential_values": lambda node: _closed(node, "credential_values", report),
    }
    return _descend(_closed(entry, "credential_list", report), sections)


def _litellm(settings: Node, report: Report) -> Node:
    sections = {
        "cache_params": lambda node: _closed(node, "cache_params", report),
        **dict.fromkeys(CALLBACK_LISTS, lambda node: _callbacks(node, report)),
    }
    return _descend(_closed(settings, "litellm_settings", report), sections)


def _callbacks(names: Node, report: Report) -> Node:
    """Judge a list of callbacks: LiteLLM's recorders are not there, and nothing is lost by that."""
    kept: list[Node] = []
    for each in names.items if isinstance(names.value, list) else [names]:
        if isinstance(each.value, str) and each.value in RECORDERS:
            report.unused(each.place, f"there is no {each.value}: otel, or a callback of your own")
        else:
            kept.append(each)
    return names.holding(kept)


def _general(settings: Node, report: Report) -> Node:
    sections = {"litellm_jwtauth": lambda node: _jwt(node, report)}
    return _descend(_closed(settings, "general_settings", report), sections)


def _jwt(settings: Node, report: Report) -> Node:
    sections = {
        name: partial(_rows, name=name, report=report) for name in ("issuers", "scope_mappings")
    }
    return _descend(_closed(settings, "litellm_jwtauth", report), sections)


def _rows(node: Node, *, name: str, report: Report) -> Node:
    return _each(node, lambda row: _closed(row, name, report))


def _router(router: Node, report: Report) -> Node:
    sections = {"default_litellm_params": lambda node: _default_parameters(node, report)}
    return _descend(_closed(router, "router_settings", report), sections)


def _default_parameters(node: Node, report: Report) -> Node:
    for key in _EACH_ONES_OWN & node.mapping.keys():
        report.refuse(node.mapping[key].place, "belongs in each model's own litellm_params")
        node = node.without(key)
    return _parameters(node, report)


def _descend(node: Node, sections: Mapping[str, Callable[[Node], Node]]) -> Node:
    if not isinstance(node.value, dict):
        return node
    children = {
        key: sections[key](child) if key in sections else child for key, child in node.value.items()
    }
    return node.holding(children)


def _each(node: Node, judge: Callable[[Node], Node]) -> Node:
    return node.holding([judge(item) for item in node.items]) if node.items else node


def _kept(node: Node, keep: Callable[[str, Node], bool]) -> Node:
    if not isinstance(node.value, dict):
        return node
    return node.holding({key: child for key, child in node.value.items() if keep(key, child)})


def _closed(node: Node, section: str, report: Report) -> Node:
    """Judge a section in which every key is known or refused."""

    def keep(key: str, child: Node) -> bool:
        if key in _SCHEMAS[section].model_fields:
            return True
        if not _known(key, child, section, report):
            _tell_unknown(key, child, section, report)
        return False

    return _kept(node, keep)


def _open(node: Node, section: str, report: Report) -> Node:
    """Judge a section that keeps unknown keys."""
    return _kept(node, lambda key, child: not _known(key, child, section, report))


def _parameters(node: Node, report: Report) -> Node:
    """Judge `litellm_params`: unknown keys are the container's, unless they look like ours."""

    def keep(key: str, child: Node) -> bool:
        if key in DeploymentParams.model_fields:
            return True
        if _known(key, child, "litellm_params", report):
            return False
        if _is_container_parameter(key):
            return True
        _tell_unknown(key, child, "litellm_params", report)
        return False

    kept = _kept(node, keep)
    sections = {
        "extra_body": lambda body: _body(body, report),
        "discover": lambda terms: _closed(terms, "discover", report),
    }
    return _descend(kept, sections)


def _body(body: Node, report: Report) -> Node:
    """Judge `extra_body`: the way out for a container's odd names, but never for credentials."""

    def keep(key: str, child: Node) -> bool:
        ours = key.startswith(("aws_", "sagemaker_"))
        if ours:
            report.refuse(child.place, "belongs under litellm_params: never sent to a container")
        return not ours

    return _kept(body, keep)


def _known(key: str, node: Node, section: str, report: Report) -> bool:
    """Whether the key is one of LiteLLM's that are not honoured; if so, tell why."""
    unsupported = UNSUPPORTED[section].get(key)
    unused = UNUSED[section].get(key)
    if unsupported is not None and node.value not in (None, False):
        report.refuse(node.place, unsupported)
    elif unsupported is not None:
        report.unused(node.place, "it is switched off")
    elif unused is not None:
        report.unused(node.place, unused)
    return unsupported is not None or unused is not None


def _is_container_parameter(key: str) -> bool:
    if key.startswith(("aws_", "sagemaker_")) or _near_setting(key):
        return False
    return not any(_knows(section, key) for section in _NEVER_A_PARAMETER)


def _near_setting(key: str) -> str | None:
    """Give the setting that the key is probably a slip of."""
    limit = next((name for name in _SHORT_LIMITS if distance(key, name, limit=1) <= 1), None)
    return limit or nearest(key, (*DeploymentParams.model_fields, *UNSUPPORTED["litellm_params"]))


def _tell_unknown(key: str, node: Node, section: str, report: Report) -> None:
    homes = [name for name in _SCHEMAS if name not in (section, *_NO_HOME) and _knows(name, key)]
    if homes:
        home = _HOMES.get(homes[0], f"under {homes[0]}")
        tell = report.refuse if section in _STRICT or _is_lock(key) else report.doubt
        tell(node.place, f"belongs {home}")
        return
    known = {*_SCHEMAS[section].model_fields, *UNUSED[section], *UNSUPPORTED[section]}
    near = _near_setting(key) if section == "litellm_params" else None
    close = [near] if near else difflib.get_close_matches(key, known, n=1, cutoff=0.7)
    hint = f" (did you mean {close[0]}?)" if close else ""
    is_ours = key.startswith(("aws_", "sagemaker_"))
    way_out = "" if is_ours or not near else f"; {_WAY_OUT}"
    strict = section in _STRICT or any(_is_lock(name) for name in close)
    tell = report.refuse if strict else report.doubt
    tell(node.place, f"unknown key{hint}{way_out}")


def _knows(section: str, key: str) -> bool:
    return (
        key in _SCHEMAS[section].model_fields
        or key in UNSUPPORTED[section]
        or key in UNUSED[section]
    )


def _is_lock(key: str) -> bool:
    """Whether leaving the key out would open a door: never a mere warning."""
    locks = {"general_settings", *GeneralSettings.model_fields}
    return key in locks or any(key in keys for keys in UNSUPPORTED.values())
