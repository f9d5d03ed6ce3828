"""Limits of a key on single models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns: no key has such limits yet."""
    for name in ("model_rpm", "model_tpm"):
        op.add_column(
            "sagegate_keys", sa.Column(name, sa.JSON, nullable=False, server_default="{}")
        )
