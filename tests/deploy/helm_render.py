"""Renders the chart with Helm's own library, in a process of its own: the library brings Go along.

Standard input is the values as JSON; standard output has the manifests by the template's name, or
the error's text, and the linter's report. Run as `python -m tests.deploy.helm_render CHART`.
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
    """Render the values that come in, and lint the chart with them."""
    path, values = sys.argv[1], json.load(sys.stdin)
    with helm.Chart.load(path) as chart:
        answer = rendered(chart, values)
    report = helm.lint(path, values, strict=True)
    json.dump({"rendered": answer, "lint": report}, sys.stdout)


if __name__ == "__main__":
    main()
