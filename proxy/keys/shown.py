"""Keys and spend as an administrator sees them, under LiteLLM's names; never a key itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.base import Json

if TYPE_CHECKING:
    from proxy.keys.record import KeyRecord
    from proxy.keys.spend import SpendLog


def shown_key(record: KeyRecord) -> Json:
    """Give what may be seen of a key."""
    return {
        "token": record.digest,
        "token_id": record.digest,
        "key_name": record.name,
        "key_alias": record.alias,
        "models": list(record.models),
        "aliases": dict(record.aliases),
        "spend": record.spend,
        "max_budget": record.max_budget,
        "budget_duration": record.budget_duration,
        "budget_reset_at": _time(record.budget_reset_at),
        "expires": _time(record.expires),
        "rpm_limit": record.rpm,
        "tpm_limit": record.tpm,
        "max_parallel_requests": record.parallel,
        "model_rpm_limit": dict(record.model_rpm),
        "model_tpm_limit": dict(record.model_tpm),
        "allowed_routes": list(record.routes),
        "blocked": record.blocked,
        "tags": list(record.tags),
        "metadata": dict(record.notes),
        "created_at": _time(record.created_at),
        "updated_at": _time(record.updated_at),
    }


def shown_log(log: SpendLog) -> Json:
    """Give what may be seen of a request's cost."""
    return {
        "request_id": log.request_id,
        "call_type": log.task,
        "api_key": log.digest,
        "key_alias": log.alias,
        "model": log.model,
        "model_id": log.deployment,
        "startTime": _time(log.started_at),
        "endTime": _time(log.ended_at),
        "prompt_tokens": log.prompt_tokens,
        "completion_tokens": log.completion_tokens,
        "total_tokens": log.prompt_tokens + log.completion_tokens,
        "spend": log.spend,
        "status": "success" if log.outcome == "ok" else log.outcome,
    }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
