"""Every route that is served: one file for each resource, one name for each file here."""

from __future__ import annotations

from proxy.routes import chat, embeddings, health, models, pages

ROUTES = (*chat.ROUTES, *embeddings.ROUTES, *models.ROUTES, *health.ROUTES, *pages.ROUTES)
