"""Every route that is served: one file for each resource, one name for each file here."""

from __future__ import annotations

from proxy.routes import (
    cache,
    chat,
    completions,
    conditions,
    embeddings,
    health,
    keys,
    lifecycle,
    metrics,
    model_info,
    models,
    pages,
    rerank,
)

ROUTES = (
    *chat.ROUTES,
    *completions.ROUTES,
    *embeddings.ROUTES,
    *rerank.ROUTES,
    *models.ROUTES,
    *model_info.ROUTES,
    *health.ROUTES,
    *conditions.ROUTES,
    *lifecycle.ROUTES,
    *cache.ROUTES,
    *metrics.ROUTES,
    *keys.ROUTES,
    *pages.ROUTES,
)
