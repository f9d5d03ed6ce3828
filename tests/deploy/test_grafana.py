"""The dashboard and the alerts, by their files; `tests/live/telemetry` holds them to a gateway."""

from __future__ import annotations

import re

import pytest

from tests.deploy.grafana import DASHBOARD, grouped, named, panels, queries, rules


def test_names_are_read() -> None:
    """The check sees what a query names: metrics, matchers and groups."""
    asked = 'sum by (le, model_id) (rate(sagegate_x_bucket{code=~"a_b",y!="litellm_z"}[5m]))'
    assert named(asked) == {"sagegate_x_bucket": {"code", "y"}}
    assert grouped(asked) == {"le", "model_id"}
    assert all(named(query) for _, query in queries())


def test_panels_do_not_overlap() -> None:
    """Every panel has its own id and its own place within the width of the page."""
    everything = DASHBOARD["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    taken: set[tuple[int, int]] = set()
    for panel in everything:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_legend_is_there_to_be_shown() -> None:
    """A legend's labels survive the query's grouping."""
    for panel in panels():
        for target in panel["targets"]:
            shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            kept = grouped(target["expr"]) - {"le"}
            assert shown == kept or not kept, panel["title"]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_to_do(rule: dict[str, dict[str, str]]) -> None:
    """Somebody who is woken by it reads what is wrong and where to look; its labels are there."""
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"].keys() == {"summary", "description"}
    shown = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert shown <= grouped(str(rule["expr"]))


def test_parentheses_close() -> None:
    """No query is cut off."""
    for title, query in queries():
        for opening, closing in ("()", "[]", "{}"):
            assert query.count(opening) == query.count(closing), title
