"""The types that travel on a request's path, from the route to SageMaker and back.

Knows their shapes and nothing else: no I/O, no AWS library, no dialect.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, runtime_checkable

from adapters.value import value

#: A JSON object as parsed: requests, replies and stream chunks stay plain dicts from end to end.
Json = dict[str, Any]

Task = Literal["chat", "completion", "embedding", "rerank"]
StreamMode = Literal["auto", "real", "fake"]
#: Which of SageMaker's ways takes the calls: InvokeEndpoint and its streaming twin, or the native
#: OpenAI path, which is for chat only.
Transport = Literal["invocations", "openai_path"]
#: Whether a whole answer is collected from a stream; `auto`: once SageMaker's wall was hit.
Collect = Literal["auto", "always", "never"]

#: Under which name an embedding container wants its inputs.
EmbeddingKey = Literal["inputs", "text_inputs", "sentences", "instances"]
#: What becomes of a vector for each token: their mean, or the first one.
Pooling = Literal["mean", "first"]

#: A header's name and value.
Header = tuple[str, str]
#: What the id for prefix-aware routing is made of: the caller's alias, or `prompt_cache_key`.
PrefixSource = Literal["from_key", "from_prompt_cache_key"]

#: Where a usage count came from, best first. Only an `estimate` is not exact.
UsageSource = Literal["container", "details", "counted", "estimate"]

#: SageMaker's rule for the name of an inference component; at most 63 characters.
COMPONENT_NAME: Final = re.compile(r"(?=.{1,63}\Z)[a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?")

#: What one call may carry: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
MAX_PAYLOAD_BYTES: Final = 6_291_456


@value(frozen=True, slots=True, kw_only=True)
class ParameterPolicy:
    """What happens to OpenAI parameters that the container's dialect does not have."""

    #: Drop them silently instead of answering 400.
    drop_unsupported: bool = False
    #: Names forwarded as they are although the dialect does not list them.
    allowed: frozenset[str] = frozenset()
    #: Names removed from every request.
    dropped: frozenset[str] = frozenset()


@value(frozen=True, slots=True, kw_only=True)
class HeaderSources:
    """Which `X-Amzn-SageMaker-*` headers of a deployment's calls come from each request."""

    #: The gateway's own id for the request is the inference id.
    inference_id: bool = False
    prefix_id: PrefixSource | None = None
    #: The custom attributes say where the request stands in a trace.
    traceparent: bool = False
    #: Headers that a client may send, in lower case.
    client: frozenset[str] = frozenset()


@value(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is known of a request beside its parameters, for the headers of its calls."""

    #: The gateway's own id for it, 1 to 55 characters, never a client's text; None: the answer's
    #: id serves.
    id: str | None = None
    #: Who sent it: a name, never a key.
    caller: str = ""
    #: W3C's `traceparent` of it, of hexadecimal digits and hyphens; empty without a trace.
    trace: str = ""
    #: The client's `x-amzn-sagemaker-*` headers, names in lower case, unchecked.
    headers: tuple[Header, ...] = ()


class Prompt(Protocol):
    """Writes a conversation as the text that a model was trained on; built once, at start."""

    def render(self, messages: list[Json]) -> str:
        """Give the text.

        Raises:
            InvalidRequest: the messages can't be written so.
        """
        ...


@runtime_checkable
class Adjustable(Prompt, Protocol):
    """A prompt with switches of its own, as a model's chat template has (`enable_thinking`)."""

    def adjusted(self, switches: Mapping[str, Any]) -> Prompt:
        """Give the prompt with its switches set.

        Raises:
            InvalidRequest: one of them is no switch, or no plain value.
        """
        ...


@value(frozen=True, slots=True, kw_only=True)
class Target:
    """One deployment: where a request goes, and how its body is to be written."""

    #: The public model name, as clients spell it and as replies carry it.
    model: str
    #: SageMaker's endpoint name; matches `^[a-zA-Z0-9](-*[a-zA-Z0-9])*$`, at most 63 characters.
    endpoint: str
    #: AWS region: the host's and the signature's.
    region: str
    #: Complete URLs for whole and for streamed answers, built once at start; on the native OpenAI
    #: path they are the same one, and lack the inference component.
    invoke_url: str
    stream_url: str
    #: Signed as `X-Amzn-SageMaker-Inference-Component`, or a part of the native OpenAI path;
    #: LiteLLM's `model_id`.
    inference_component: str | None = None
    #: Further `X-Amzn-SageMaker-*` headers, signed with every call.
    headers: tuple[Header, ...] = ()
    #: Which of them a request adds.
    header_sources: HeaderSources = HeaderSources()
    #: Parameters that a request gets when it does not bring them itself.
    defaults: Mapping[str, Any] = field(default_factory=dict)
    #: The same for tasks to which some of them are something else.
    task_defaults: Mapping[Task, Mapping[str, Any]] = field(default_factory=dict)
    parameters: ParameterPolicy = ParameterPolicy()
    #: Send temperature 0 as 0; otherwise the text dialects send 0.1.
    allow_zero_temperature: bool = False
    #: Whether a text container puts the prompt before its answer, unasked; None: nobody knows.
    echoes_prompt: bool | None = None
    #: How a conversation becomes text for a text container; None joins what the messages say.
    prompt: Prompt | None = None
    #: What a chat container sees as `model`; None leaves the key out.
    body_model: str | None = None
    #: Ask chat containers for a usage record at the end of each stream.
    ask_stream_usage: bool = True
    #: Under which name an embedding container wants its inputs.
    embedding_key: EmbeddingKey = "inputs"
    #: How the vectors of an input's tokens become one.
    embedding_pooling: Pooling = "mean"
    #: Inputs, or documents, that one call may carry; None leaves the limit to the dialect.
    batch_size: int | None = None
    #: The largest body sent, in bytes.
    max_payload_bytes: int = MAX_PAYLOAD_BYTES

    def defaults_for(self, task: Task) -> Mapping[str, Any]:
        """Give the parameters that a task's requests get when they do not bring them."""
        return self.task_defaults.get(task, self.defaults)


@value(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client wants of one deployment.

    `id` and `created` (Unix seconds) are fixed here, once, so that codecs need no clock.
    """

    target: Target
    #: The client's parameters over the deployment's defaults; never changed in place.
    params: Json
    id: str
    created: int
    #: Ask the container for a usage record at the end of its stream, where it has such a thing.
    ask_usage: bool = True


@value(frozen=True, slots=True, kw_only=True)
class Payload:
    """One upstream call's body, ready to be signed."""

    body: bytes
    content_type: str = "application/json"
    accept: str = "application/json"
    #: Further `X-Amzn-SageMaker-*` headers, to be signed.
    headers: tuple[Header, ...] = ()
    #: The text inside the body, where the dialect has one: `decode` removes an echo of it and
    #: estimates tokens from it.
    prompt: str = ""
    #: The index of the first choice that this call gives.
    choice: int = 0
    #: The exact number of the prompt's tokens, where the client sent token ids.
    prompt_tokens: int | None = None
    #: The container was asked to put the prompt before its text.
    echoes: bool = False
    #: It asks for one more choice of a prompt that an earlier payload asks already; the prompt's
    #: tokens are not counted again.
    repeats: bool = False

    def saying(self, headers: tuple[Header, ...]) -> Payload:
        """Give the same with further headers; `dataclasses.replace` takes five times as long."""
        return Payload(
            body=self.body,
            content_type=self.content_type,
            accept=self.accept,
            headers=(*self.headers, *headers),
            prompt=self.prompt,
            choice=self.choice,
            prompt_tokens=self.prompt_tokens,
            echoes=self.echoes,
            repeats=self.repeats,
        )


@value(frozen=True, slots=True, kw_only=True)
class Limits:
    """The time that one attempt may take, in seconds, and the bytes of each answer.

    `deadline` bounds the whole attempt; None leaves only the other three (streams without a total).
    `most_bytes` bounds streams too; None leaves whole answers their transport's own bound.
    """

    connect: float = 5.0
    first_byte: float = 600.0
    idle: float = 600.0
    deadline: float | None = 600.0
    most_bytes: int | None = None


@value(frozen=True, slots=True, kw_only=True)
class Head:
    """What AWS says beside the body."""

    content_type: str = ""
    #: `x-amzn-RequestId`.
    request_id: str = ""
    #: `x-Amzn-Invoked-Production-Variant`.
    variant: str = ""
    #: What the container, or AWS, says to the client: `x-amzn-sagemaker-*` headers in lower case,
    #: fit for an answer of ours.
    messages: tuple[Header, ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer of the container, byte for byte."""

    head: Head
    body: bytes


class UpstreamStream(Protocol):
    """An answer that arrives in parts."""

    @property
    def head(self) -> Head:
        """What AWS said before the first part."""
        ...

    @property
    def chunks(self) -> AsyncIterator[bytes]:
        """The container's bytes, cut anywhere; raises `GatewayError` on a fault of the stream."""
        ...

    async def aclose(self) -> None:
        """Give the connection up, whatever its state; may be called more than once."""
        ...


class Invoker(Protocol):
    """Signs and sends; translates AWS's errors into the tree of `adapters.errors`."""

    def invoke(self, target: Target, payload: Payload, limits: Limits) -> Awaitable[Reply]:
        """Send a body; give the whole answer.

        Raises:
            GatewayError: every failure, translated.
        """
        ...

    def open_stream(
        self, target: Target, payload: Payload, limits: Limits
    ) -> Awaitable[UpstreamStream]:
        """Send a body; give its streamed answer once the status and headers are there.

        Raises:
            StreamingRefused: the endpoint does not offer the operation.
            GatewayError: every other failure, translated.
        """
        ...


@value(frozen=True, slots=True)
class Decoded:
    """An OpenAI answer and where its token counts came from."""

    body: Json
    usage_source: UsageSource
    #: The reply's shape, by its name in `adapters.text`, where the dialect has more than one.
    shape: str | None = None


@dataclass(slots=True)
class Summary:
    """What a finished (or broken) stream said about itself; filled while it is decoded."""

    usage: Json | None = None
    usage_source: UsageSource | None = None
    finish_reason: str | None = None
    #: The container answered with one whole document: it did not stream.
    whole_document: bool = False
    #: As in `Decoded`.
    shape: str | None = None


class StreamDecoder(Protocol):
    """Turns the container's bytes into OpenAI chunks; sans-IO, one per stream.

    `feed` and `finish` are generators: the chunks before a fault are given before it is raised.
    """

    @property
    def summary(self) -> Summary:
        """What is known so far; complete after `finish`."""
        ...

    @property
    def over(self) -> bool:
        """Whether nothing more is to be fed, but `finish` to be called, although bytes may come."""
        ...

    def feed(self, data: bytes) -> Iterator[Json]:
        """Take bytes cut anywhere; give the chunks that are complete.

        Raises:
            ModelError: the container reported a failure inside the stream.
            MalformedReply: the bytes are not the format's.
        """
        ...

    def finish(self) -> Iterator[Json]:
        """Take the end of the stream; give the last chunks.

        Raises:
            MalformedReply: the stream ended without its finish mark.
        """
        ...


class Codec(Protocol):
    """One task of one dialect. Pure: no await, no network, no clock."""

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write the container's body, or bodies where one request takes several calls.

        Raises:
            InvalidRequest: the dialect can't express the request.
        """
        ...

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read the replies, in the order of the payloads, into one OpenAI answer.

        Raises:
            MalformedReply: the shape is unknown; names the keys seen.
        """
        ...


class StreamCodec(Codec, Protocol):
    """A codec whose answers can also arrive as a stream."""

    def decoder(self, request: Request, payload: Payload) -> StreamDecoder:
        """Give the decoder for one stream."""
        ...


@value(frozen=True, slots=True, kw_only=True)
class Format:
    """A container dialect: one codec for each task that it has."""

    name: str
    #: Chats and completions are the container's own bodies: OpenAI's parts need not be in them.
    verbatim: bool = False
    chat: StreamCodec | None = None
    completion: StreamCodec | None = None
    embedding: Codec | None = None
    rerank: Codec | None = None
    #: Takes a container's complaint, its status and its words: gives what the operator can do about
    #: it, a whole sentence, or None.
    advise: Callable[[int, str, Target], str | None] | None = None
