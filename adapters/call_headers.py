"""The headers that one request's calls get beside the deployment's own.

Knows what may come from a request: the gateway's id for it, who sent it, its trace, a prompt cache
key, and the client's own headers where the deployment lets them through. Everything else of a
client's headers stays outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from adapters.base import Header, HeaderSources, Json, Origin, Payload, Request
from adapters.errors import InvalidRequest
from adapters.signed_headers import (
    CUSTOM_ATTRIBUTES,
    INFERENCE_ID,
    PREFIX_AWARE_ID,
    SIGNED_HEADERS,
    SignedHeader,
)

#: Hexadecimal digits of a hash: enough to tell any number of callers apart.
_DIGITS = 32


def with_headers(
    payloads: tuple[Payload, ...], request: Request, origin: Origin
) -> tuple[Payload, ...]:
    """Give the payloads with their headers; where there are several, each has its own id.

    Raises:
        InvalidRequest: a header of the client's, by its name, is none that AWS would take.
    """
    sources = request.target.header_sources
    own = origin.id or request.id if sources.inference_id else None
    shared: tuple[Header, ...] = ()
    if sources.prefix_id is not None or sources.traceparent or origin.headers:
        shared = _shared(sources, request, origin)
    if own is None:
        return tuple([each.saying(shared) for each in payloads]) if shared else payloads
    if len(payloads) == 1:
        return (payloads[0].saying((*shared, (INFERENCE_ID, own))),)
    return tuple(
        [
            payload.saying((*shared, (INFERENCE_ID, f"{own}-{number}")))
            for number, payload in enumerate(payloads, 1)
        ]
    )


def _shared(sources: HeaderSources, request: Request, origin: Origin) -> tuple[Header, ...]:
    """Give those that all of a request's calls have."""
    return (
        *_prefix(sources, request.params, origin),
        *_trace(sources, origin),
        *_clients(request, origin),
    )


def prevents_streaming(sources: HeaderSources, origin: Origin) -> bool:
    """Whether the client sends a header that only whole answers can have."""
    return any(header.prevents_streaming(value) for header, value in _allowed(sources, origin))


def _prefix(sources: HeaderSources, params: Json, origin: Origin) -> Iterator[Header]:
    """Give the id that keeps requests of one caller, or of one conversation, together."""
    if sources.prefix_id == "from_key" and origin.caller:
        yield PREFIX_AWARE_ID, _digest(origin.caller)
    elif sources.prefix_id == "from_prompt_cache_key" and params.get("prompt_cache_key"):
        yield PREFIX_AWARE_ID, _digest(str(params["prompt_cache_key"]))


def _trace(sources: HeaderSources, origin: Origin) -> Iterator[Header]:
    """Give where the request stands in a trace: AWS drops a `traceparent`, and passes these on."""
    if sources.traceparent and origin.trace:
        yield CUSTOM_ATTRIBUTES, f"traceparent={origin.trace}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


def _allowed(sources: HeaderSources, origin: Origin) -> Iterator[tuple[SignedHeader, str]]:
    for name, value in origin.headers:
        if name in sources.client:
            yield SIGNED_HEADERS[name], value


def _clients(request: Request, origin: Origin) -> Iterator[Header]:
    """Give the client's headers that the deployment lets through.

    Raises:
        InvalidRequest: names the header whose value AWS would not take.
    """
    seen: set[str] = set()
    for header, value in _allowed(request.target.header_sources, origin):
        if header.name in seen:
            raise _refused(header, "comes twice")
        seen.add(header.name)
        if not header.accepts(value):
            raise _refused(header, f"is not what SageMaker takes: expected {header.form}")
        if request.params.get("stream") and header.prevents_streaming(value):
            raise _refused(header, "with this value is for whole answers: leave 'stream' out")
        yield header.name, value


def _refused(header: SignedHeader, problem: str) -> InvalidRequest:
    return InvalidRequest(
        f"The header {header.name} {problem}.", param=header.name, code="invalid_header"
    )
