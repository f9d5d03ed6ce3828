"""SageMaker in this process, without a server: OpenAI-shaped calls on the proxy's own endpoints.

Light to import: what a call needs is loaded by the first call.
"""

from __future__ import annotations

from adapters.sdk.client import Client
from adapters.sdk.results import Result
from adapters.sdk.streams import AsyncStream, Stream

__all__ = ["AsyncStream", "Client", "Result", "Stream"]
