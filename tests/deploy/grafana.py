"""The queries of the dashboard and of the alerts, and what of the metrics they name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "sagegate.json").read_text(encoding="utf-8"))
ALERTS: dict[str, Any] = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))

_SELECTOR = re.compile(r"\b((?:litellm|sagegate)_[a-z_]+)(?:\{([^}]*)\})?")
_GROUPING = re.compile(r"\bby \(([^)]*)\)")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


def panels() -> list[dict[str, Any]]:
    """All panels that show something."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def rules() -> list[dict[str, Any]]:
    """All alerts."""
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def queries() -> Iterator[tuple[str, str]]:
    """Each query with the title of whatever asks it, as Prometheus gets it."""
    for panel in panels():
        for target in panel["targets"]:
            asked = target["expr"].replace("$__rate_interval", "5m").replace("$model", ".*")
            yield panel["title"], asked
    for rule in rules():
        yield rule["alert"], rule["expr"]


def grouped(query: str) -> set[str]:
    """The labels by which a query groups."""
    return {label.strip() for labels in _GROUPING.findall(query) for label in labels.split(",")}


def named(query: str) -> dict[str, set[str]]:
    """The metrics that a query names, each with the labels that it chooses them by."""
    groups = grouped(query)
    # what labels are compared with is no part of any name
    bare = re.sub(r'"[^"]*"', '""', query)
    return {
        metric: set(_MATCHER.findall(matchers))
        for metric, matchers in _SELECTOR.findall(bare)
        if metric not in groups
    }
