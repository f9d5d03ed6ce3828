"""The database's tables, as the newest migration leaves them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)

METADATA: Final = MetaData()

#: One row: how often keys, and how often their spend, have changed. Every change takes the next
#: number inside of its transaction, so that numbers become visible in their order.
CHANGES: Final = Table(
    "sagegate_changes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("keys", BigInteger, nullable=False),
    Column("spend", BigInteger, nullable=False),
)

#: `revision` and `spend_revision` are the numbers of a row's last changes.
KEYS: Final = Table(
    "sagegate_keys",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("name", String(16), nullable=False),
    Column("alias", String(200), unique=True),
    Column("models", JSON, nullable=False),
    Column("aliases", JSON, nullable=False),
    Column("rpm", BigInteger),
    Column("tpm", BigInteger),
    Column("parallel", BigInteger),
    Column("model_rpm", JSON, nullable=False),
    Column("model_tpm", JSON, nullable=False),
    Column("expires", Float),
    Column("routes", JSON, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("max_budget", Float),
    Column("budget_duration", String(20)),
    Column("budget_reset_at", Float),
    Column("spend", Float, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("revision", BigInteger, nullable=False, index=True),
    Column("spend_revision", BigInteger, nullable=False, index=True),
)

SPEND_LOGS: Final = Table(
    "sagegate_spend_logs",
    METADATA,
    Column("request_id", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("alias", String(200), nullable=False),
    Column("task", String(20), nullable=False),
    Column("model", String(300), nullable=False),
    Column("deployment", String(300), nullable=False),
    Column("started_at", Float, nullable=False, index=True),
    Column("ended_at", Float, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("spend", Float, nullable=False),
    Column("outcome", String(10), nullable=False),
    Index("ix_sagegate_spend_logs_digest_started_at", "digest", "started_at"),
)
