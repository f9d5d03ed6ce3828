"""Renders the chart with Helm's own library, in a process of its own: the library brings Go along.

Standard input is a JSON list of values; standard output a list with, for each, the manifests by
the template's name, or the error's text. Run as `python -m tests.deploy.helm_render CHART`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import helm_python as helm


def rendered(chart: helm.Chart, values: dict[str, Any]) -> dict[str, str] | str:
    """Render one set of values."""
    try:
        return chart.render(values, name="gateway", namespace="gateways")
    except helm.HelmError as error:
        return str(error)


def main() -> None:
    """Render every set that comes in; an empty mapping asks for the lint report as well."""
    path = sys.argv[1]
    sets = json.load(sys.stdin)
    with helm.Chart.load(path) as chart:
        answers = [rendered(chart, values) for values in sets]
    report = helm.lint(path, sets[0], strict=True)
    json.dump({"rendered": answers, "lint": report, "helm": helm.helm_sdk_version()}, sys.stdout)


if __name__ == "__main__":
    main()
