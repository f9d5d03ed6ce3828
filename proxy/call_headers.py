"""What answers and errors alike say of their call, in LiteLLM's headers.

Source: https://docs.litellm.ai/docs/proxy/response_headers
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from adapters.signed_headers import INFERENCE_ID
from proxy.limits.claim import Claim
from proxy.limits.quota_headers import quota_headers
from proxy.routing.call import Call
from proxy.version import version

_VERSION: Final = version()
_INFERENCE_ID: Final = INFERENCE_ID.lower()
#: Places whose headers are kept.
_REMEMBERED: Final = 1024


def of_gateway() -> dict[str, str]:
    """Give the headers that say nothing of a call."""
    return {"x-litellm-version": _VERSION}


def of_call(call: Call) -> dict[str, str]:
    """Give the headers that tell how a call went, up to now.

    For a stream that is up to its first chunk.
    """
    headers = dict(_of_place(call.group or call.model, call.deployment, call.region))
    headers["x-litellm-attempted-retries"] = str(call.retries)
    headers["x-litellm-attempted-fallbacks"] = str(call.fell_back)
    # the time since the request was there, and what of it SageMaker has no part in
    duration = time.monotonic() - call.started
    headers["x-litellm-response-duration-ms"] = f"{max(duration, 0.0) * 1000:.3f}"
    added = max(duration - call.aws_seconds, 0.0)
    headers["x-litellm-overhead-duration-ms"] = f"{added * 1000:.3f}"
    if call.deadline is not None:
        headers["x-litellm-timeout"] = f"{call.deadline.seconds:g}"
    if call.is_admin and call.address is not None:
        headers["x-litellm-model-api-base"] = call.address
    if call.inference_id is not None:
        headers[_INFERENCE_ID] = call.inference_id
    if call.key_claim is not None:
        headers.update(_of_key(call.key_claim))
    if call.remaining:
        headers.update(quota_headers(call.remaining))
    return headers


@lru_cache(_REMEMBERED)
def _of_place(group: str, deployment: str | None, region: str | None) -> Mapping[str, str]:
    """Give the headers that say where a request went last."""
    headers = {**of_gateway(), "x-litellm-model-group": _plain(group)}
    if deployment is not None:
        headers["x-litellm-model-id"] = _plain(deployment)
        if region is not None:
            headers["x-litellm-model-region"] = region
    return headers


def _of_key(claim: Claim) -> dict[str, str]:
    """Give the limits of the caller's key, where it has some."""
    limits = (("rpm", claim.requests), ("tpm", claim.tokens))
    return {f"x-litellm-key-{kind}-limit": str(most) for kind, most in limits if most is not None}


def _plain(name: str) -> str:
    """Give a configured name as a header's value; what a header can't hold is percent-encoded."""
    return name if name.isascii() and name.isprintable() else quote(name)
