"""sagegate in process: `from sagegate import completion`, as the reference page has it.

The only thing known here is this process's environment; all else is `adapters.sdk`.

Attributes:
    set_verbose: Log each request to SageMaker, and each whole answer, with `logging`, logger
        `sagegate.sdk`: addresses and bodies, never credentials.
"""

from __future__ import annotations

import atexit
import os

from adapters.errors import (
    AuthenticationFailed,
    ContextLengthExceeded,
    DeadlineExceeded,
    EndpointNotFound,
    EndpointUnavailable,
    GatewayError,
    InvalidRequest,
    MalformedReply,
    ModelError,
    Overloaded,
    PayloadTooLarge,
    PermissionDenied,
    RateLimited,
    Rejected,
    Throttled,
    UnsupportedParameter,
    UnsupportedTask,
    UpstreamError,
    UpstreamTimeout,
)
from adapters.sdk import AsyncStream, Client, Result, Stream

__all__ = [
    "AsyncStream",
    "AuthenticationFailed",
    "Client",
    "ContextLengthExceeded",
    "DeadlineExceeded",
    "EndpointNotFound",
    "EndpointUnavailable",
    "GatewayError",
    "InvalidRequest",
    "MalformedReply",
    "ModelError",
    "Overloaded",
    "PayloadTooLarge",
    "PermissionDenied",
    "RateLimited",
    "Rejected",
    "Result",
    "Stream",
    "Throttled",
    "UnsupportedParameter",
    "UnsupportedTask",
    "UpstreamError",
    "UpstreamTimeout",
    "acompletion",
    "aembedding",
    "arerank",
    "atext_completion",
    "close",
    "completion",
    "embedding",
    "rerank",
    "set_verbose",
    "text_completion",
]

set_verbose = False

_client = Client(os.environ, verbose=lambda: set_verbose)
atexit.register(_client.close)

completion = _client.completion
acompletion = _client.acompletion
text_completion = _client.text_completion
atext_completion = _client.atext_completion
embedding = _client.embedding
aembedding = _client.aembedding
rerank = _client.rerank
arerank = _client.arerank
close = _client.close
