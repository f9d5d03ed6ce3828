"""What a client is told of its limits: OpenAI's `x-ratelimit-*` headers.

Source: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
"""

from __future__ import annotations

from collections.abc import Iterable

from proxy.limits.claim import Remaining


def quota_headers(remaining: Iterable[Remaining]) -> dict[str, str]:
    """Give limit and rest of requests and of tokens, each of whoever has least left."""
    headers: dict[str, str] = {}
    known = tuple(remaining)
    requests = [(left.requests, left.claim.requests) for left in known if left.requests is not None]
    tokens = [(left.tokens, left.claim.tokens) for left in known if left.tokens is not None]
    for kind, rows in (("requests", requests), ("tokens", tokens)):
        if rows:
            left, limit = min(rows, key=lambda row: row[0])
            headers[f"x-ratelimit-limit-{kind}"] = str(limit)
            headers[f"x-ratelimit-remaining-{kind}"] = str(max(0, left))
    return headers
