"""Keys, what they spend, and the numbers of changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    changes = op.create_table(
        "sagegate_changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("keys", sa.BigInteger, nullable=False),
        sa.Column("spend", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(changes, [{"id": 1, "keys": 0, "spend": 0}])
    op.create_table(
        "sagegate_keys",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("alias", sa.String(200), unique=True),
        sa.Column("models", sa.JSON, nullable=False),
        sa.Column("aliases", sa.JSON, nullable=False),
        sa.Column("rpm", sa.BigInteger),
        sa.Column("tpm", sa.BigInteger),
        sa.Column("parallel", sa.BigInteger),
        sa.Column("expires", sa.Float),
        sa.Column("routes", sa.JSON, nullable=False),
        sa.Column("blocked", sa.Boolean, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.Column("max_budget", sa.Float),
        sa.Column("budget_duration", sa.String(20)),
        sa.Column("budget_reset_at", sa.Float),
        sa.Column("spend", sa.Float, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, index=True),
        sa.Column("spend_revision", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "sagegate_spend_logs",
        sa.Column("request_id", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("alias", sa.String(200), nullable=False),
        sa.Column("task", sa.String(20), nullable=False),
        sa.Column("model", sa.String(300), nullable=False),
        sa.Column("deployment", sa.String(300), nullable=False),
        sa.Column("started_at", sa.Float, nullable=False, index=True),
        sa.Column("ended_at", sa.Float, nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
        sa.Column("spend", sa.Float, nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
    )
    op.create_index(
        "ix_sagegate_spend_logs_digest_started_at",
        "sagegate_spend_logs",
        ["digest", "started_at"],
    )
