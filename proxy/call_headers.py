"""What answers and errors alike say of their call, in LiteLLM's headers.

Source: https://docs.litellm.ai/docs/proxy/response_headers
"""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import quote

from adapters.signed_headers import INFERENCE_ID
from proxy.limits.quota_headers import quota_headers
from proxy.routing.call import Call
from proxy.version import version

_VERSION: Final = version()


def of_gateway() -> dict[str, str]:
    """Give the headers that say nothing of a call."""
    return {"x-litellm-version": _VERSION}


def of_call(call: Call) -> dict[str, str]:
    """Give the headers that tell how a call went, up to now.

    For a stream that is up to its first chunk.
    """
    headers = {
        **of_gateway(),
        "x-litellm-model-group": _plain(call.group or call.model),
        "x-litellm-attempted-retries": str(call.retries),
        "x-litellm-attempted-fallbacks": str(call.fell_back),
    }
    headers.update(_durations(call))
    headers.update(_deployment(call))
    headers.update(_of_key(call))
    headers.update(quota_headers(call.remaining))
    return headers


def _of_key(call: Call) -> dict[str, str]:
    """Give the limits of the caller's key, where it has some."""
    if call.key_claim is None:
        return {}
    limits = (("rpm", call.key_claim.requests), ("tpm", call.key_claim.tokens))
    return {f"x-litellm-key-{kind}-limit": str(most) for kind, most in limits if most is not None}


def _durations(call: Call) -> dict[str, str]:
    """Give the time since the request was there, and what of it SageMaker has no part in."""
    duration = time.monotonic() - call.started
    headers = {
        "x-litellm-response-duration-ms": _milliseconds(duration),
        "x-litellm-overhead-duration-ms": _milliseconds(duration - call.aws_seconds),
    }
    if call.deadline is not None:
        headers["x-litellm-timeout"] = f"{call.deadline.seconds:g}"
    return headers


def _deployment(call: Call) -> dict[str, str]:
    """Give where the request went last; the address is for administrators."""
    if call.deployment is None:
        return {}
    headers = {"x-litellm-model-id": _plain(call.deployment)}
    if call.region is not None:
        headers["x-litellm-model-region"] = call.region
    if call.is_admin and call.address is not None:
        headers["x-litellm-model-api-base"] = call.address
    if call.inference_id is not None:
        headers[INFERENCE_ID.lower()] = call.inference_id
    return headers


def _milliseconds(seconds: float) -> str:
    return f"{max(seconds, 0.0) * 1000:.3f}"


def _plain(name: str) -> str:
    """Give a configured name as a header's value; what a header can't hold is percent-encoded."""
    return name if name.isascii() and name.isprintable() else quote(name)
