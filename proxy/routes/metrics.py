"""GET /metrics: the whole gateway's numbers, for Prometheus.

They tell every caller's name and models, so a key sees them only where its terms name this path.

Source: https://docs.litellm.ai/docs/proxy/prometheus
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access
from proxy.incoming import Incoming
from proxy.routes.table import Route
from proxy.telemetry.metrics.page import Page

#: https://prometheus.io/docs/instrumenting/exposition_formats/
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


async def scrape(request: Incoming, caller: Caller) -> Response:
    """Give the metrics of all processes in Prometheus's text form."""
    del caller
    page: Page = request.state["metrics_page"]
    return Response(await page.text(), headers={"content-type": _TEXT})


ROUTES = (
    Route(
        paths=("/metrics",),
        method="GET",
        access=Access.NAMED,
        handler=scrape,
        summary="Metrics for Prometheus",
    ),
)
