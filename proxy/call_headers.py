"""What answers and errors alike say of their call, in LiteLLM's headers.

Source: https://docs.litellm.ai/docs/proxy/response_headers
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from adapters.signed_headers import INFERENCE_ID
from proxy.limits.claim import Claim
from proxy.limits.quota_headers import quota_headers
from proxy.routing.call import Call
from proxy.standing import Standing
from proxy.version import version

_VERSION: Final = version()
_INFERENCE_ID: Final = INFERENCE_ID.lower()
#: Ways whose headers are kept.
_REMEMBERED: Final = 1024


def of_gateway() -> dict[str, str]:
    """Give the headers that say nothing of a call."""
    return {"x-litellm-version": _VERSION}


def of_way(call: Call) -> Standing:
    """Give the headers that tell which way a call went: many go the same.

    For a stream that is up to its first chunk.
    """
    return _of_way(
        call.group or call.model,
        call.deployment,
        call.region,
        call.address if call.is_admin else None,
        call.retries,
        call.fell_back,
        None if call.deadline is None else call.deadline.seconds,
    )


def of_call(call: Call) -> dict[str, str]:
    """Give the headers that tell how a call went beside that, up to now."""
    # the time since the request was there, and what of it SageMaker has no part in
    duration = time.monotonic() - call.started
    added = duration - call.aws_seconds
    headers = {
        "x-litellm-response-duration-ms": f"{duration * 1000:.3f}",
        "x-litellm-overhead-duration-ms": f"{added * 1000 if added > 0 else 0:.3f}",
    }
    if call.inference_id is not None:
        headers[_INFERENCE_ID] = call.inference_id
    if call.key_claim is not None:
        headers.update(_of_key(call.key_claim))
    if call.remaining:
        headers.update(quota_headers(call.remaining))
    return headers


@lru_cache(_REMEMBERED)
def _of_way(
    group: str,
    deployment: str | None,
    region: str | None,
    address: str | None,
    *counts: float | None,
) -> Standing:
    """Give the headers for a place, and for retries, fallbacks and the seconds it may all take."""
    retries, fallbacks, seconds = counts
    headers = {**of_gateway(), "x-litellm-model-group": _plain(group)}
    if deployment is not None:
        headers["x-litellm-model-id"] = _plain(deployment)
        if region is not None:
            headers["x-litellm-model-region"] = region
    headers["x-litellm-attempted-retries"] = str(retries)
    headers["x-litellm-attempted-fallbacks"] = str(fallbacks)
    if seconds is not None:
        headers["x-litellm-timeout"] = f"{seconds:g}"
    if address is not None:
        headers["x-litellm-model-api-base"] = address
    return Standing.of(headers)


def _of_key(claim: Claim) -> dict[str, str]:
    """Give the limits of the caller's key, where it has some."""
    limits = (("rpm", claim.requests), ("tpm", claim.tokens))
    return {f"x-litellm-key-{kind}-limit": str(most) for kind, most in limits if most is not None}


def _plain(name: str) -> str:
    """Give a configured name as a header's value; what a header can't hold is percent-encoded."""
    return name if name.isascii() and name.isprintable() else quote(name)
