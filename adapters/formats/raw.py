"""The container's own dialect, spoken by the client: the body's fields go as they were given.

What steers the gateway is taken out (`model`, and what the configuration drops), configured
defaults are put in, and the request's own words come first. The answer is
read by its shape, as everywhere. One request is one call, whatever it asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from adapters.base import Decoded, Format, Json, Payload, Reply, Request
from adapters.container import parse_reply, write_body
from adapters.openai import embeddings, rerank, scores, vectors
from adapters.text.codec import TextCodec, chat_codec, completion_codec
from adapters.text.dialect import Dialect
from adapters.value import value

_NOT_SENT: Final = frozenset({"aws_sagemaker_allow_zero_temp", "model"})
#: What is sent of a request's own words comes first: prefix-aware routing counts from there.
_FIRST: Final = ("messages", "prompt", "input", "inputs", "query")


class RawText(TextCodec):
    """Chat or completions with a body of the client's own making; an `echo` is the container's."""

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write the request as it came."""
        return (_payload(request),)


@value(frozen=True, slots=True)
class RawEmbedding:
    """Embeddings with a body of the client's own making."""

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write the request as it came."""
        return (_payload(request),)

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read one vector for each input, whatever the reply's shape."""
        del payloads
        reply = parse_reply(replies[0])
        wanted = len(embeddings.inputs(request.params))
        rows = vectors.read(reply, wanted, request.target.embedding_pooling)
        tokens, shape = embeddings.reported_tokens(reply), vectors.shape(reply)
        return embeddings.answer(request, rows, tokens, shape)


@value(frozen=True, slots=True)
class RawRerank:
    """Reranking with a body of the client's own making."""

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write the request as it came."""
        return (_payload(request),)

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read the scores; the container may have cut to `top_n` by itself."""
        del payloads
        reply, wanted = parse_reply(replies[0]), len(request.params["documents"])
        cut = request.params.get("top_n") is not None
        found = scores.read(reply, wanted, may_lack=cut)
        return rerank.answer(request, found, scores.shape(reply))


def _payload(request: Request) -> Payload:
    given = {name: value for name, value in request.params.items() if name not in _NOT_SENT}
    first = {name: given[name] for name in _FIRST if name in given}
    return Payload(body=write_body({**first, **given}), prompt=_prompt(request.params))


def _prompt(params: Json) -> str:
    """Give the words of a request, as far as they are known, to estimate tokens from."""
    said = ("\n".join(_words(params.get(name))) for name in _FIRST)
    return next(filter(None, said), "")


def _words(value: Any) -> Iterator[str]:
    """Give the texts in a prompt, a list of them, messages, or dialogs."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _words(each)
    elif isinstance(value, dict):
        yield from _words(value.get("content", value.get("text")))


_DIALECT = Dialect(verbatim=True)

FORMAT = Format(
    name="raw",
    verbatim=True,
    chat=chat_codec(_DIALECT, RawText),
    completion=completion_codec(_DIALECT, RawText),
    embedding=RawEmbedding(),
    rerank=RawRerank(),
)
