"""The headers that say how a request was served."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final
from urllib.parse import quote

from adapters.base import Head
from proxy.routing.call import Call

_VERSION: Final = version("sagegate")


def answer_headers(call: Call, head: Head) -> dict[str, str]:
    """Give an answer's headers: LiteLLM's names where it has one, AWS's own otherwise."""
    headers = {
        "x-litellm-model-group": _plain(call.model),
        "x-litellm-model-id": _plain(call.deployment or ""),
        "x-litellm-version": _VERSION,
    }
    if head.request_id:
        headers["x-amzn-requestid"] = head.request_id
        headers["llm_provider-x-amzn-requestid"] = head.request_id
    if head.variant:
        headers["x-amzn-invoked-production-variant"] = head.variant
    return headers


def _plain(name: str) -> str:
    """Give a configured name as a header's value; what a header can't hold is percent-encoded."""
    return name if name.isascii() and name.isprintable() else quote(name)
