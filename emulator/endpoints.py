"""The kinds of endpoint that an emulator serves, and what can be set for each.

Knows the schema. Refuses to know how an endpoint behaves.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AnyHttpUrl, Field, NonNegativeInt, PositiveInt, model_validator

from emulator.faults import Fault
from emulator.managed import Managed

Framing = Literal["sse", "jsonlines"]


class _Endpoint(Managed):
    """What endpoints of every kind have.

    Attributes:
        streaming: Whether InvokeEndpointWithResponseStream is supported.
        capacity: Calls that it answers at once; without it, as many as come.
        beyond_capacity: Whether AWS refuses the others, or the container does.
        faults: What goes wrong from the start.
    """

    streaming: bool = True
    capacity: PositiveInt | None = None
    beyond_capacity: Literal["throttling", "model_error"] = "throttling"
    faults: tuple[Fault, ...] = ()


class _TextEndpoint(_Endpoint):
    """What endpoints that generate text have.

    Attributes:
        reply: The text of every answer; without it the container quotes the prompt.
        whole_document: The container ignores `stream` and answers with one JSON document.
        context_length: Tokens of prompt and answer together.
    """

    reply: str | None = None
    whole_document: bool = False
    context_length: PositiveInt = 8192

    def openai(self, **more: Any) -> "MessagesEndpoint":
        """The same settings for the OpenAI bodies that a container takes besides its own."""
        return MessagesEndpoint(
            kind="messages",
            reply=self.reply,
            whole_document=self.whole_document,
            context_length=self.context_length,
            **more,
        )


class TgiEndpoint(_TextEndpoint):
    """A Hugging Face TGI container.

    Attributes:
        default_max_new_tokens: What it generates when a request does not say.
        flavour: The bodies it takes: `inputs`; `messages`, as releases before 3 do when started
            for chat, with their quirks; or `all`, as TGI 3 does.
        echoes: Whole answers begin with the prompt, unless `return_full_text` is false.
    """

    kind: Literal["tgi"]
    default_max_new_tokens: PositiveInt = 100
    flavour: Literal["inputs", "messages", "all"] = "inputs"
    echoes: bool = False


class LmiEndpoint(_TextEndpoint):
    """A DJL LMI container with a rolling batch.

    Attributes:
        default_max_new_tokens: What it generates when a request does not say.
        framing: How it streams; JSON lines unless `tgi_compat`.
        tgi_compat: Answers like TGI: lists, TGI's tokens, details, server-sent events.
        spaced_finish_key: Spells the key `finish reason` with a space.
        fails: Every generation fails, with HTTP status 200.
        fails_after: The tokens streamed before a generation fails.
        old_chat: Chats have the quirks of older releases.
    """

    kind: Literal["lmi"]
    default_max_new_tokens: PositiveInt = 30
    framing: Framing | None = None
    tgi_compat: bool = False
    spaced_finish_key: bool = False
    fails: bool = False
    fails_after: NonNegativeInt = 0
    old_chat: bool = False

    @property
    def streams_as(self) -> Framing:
        """The framing in force."""
        return self.framing or ("sse" if self.tgi_compat else "jsonlines")


class LmiStaticEndpoint(_TextEndpoint):
    """A DJL LMI container with a dynamic batch.

    Attributes:
        default_max_new_tokens: What it generates when a request does not say.
        fails: Every generation fails, with HTTP status 424.
    """

    kind: Literal["lmi_static"]
    default_max_new_tokens: PositiveInt = 30
    fails: bool = False


class Llama2Endpoint(_TextEndpoint):
    """A JumpStart Llama-2 container of the first generation.

    Attributes:
        streaming: Off, as with the real ones; when on, it streams JSON lines.
        chat: Takes lists of dialogs; else it is a base model and takes text.
        needs_eula: Refuses requests without the custom attribute `accept_eula=true`.
        default_max_new_tokens: What it generates when a request does not say.
    """

    kind: Literal["llama2"]
    streaming: bool = False
    chat: bool = True
    needs_eula: bool = True
    default_max_new_tokens: PositiveInt = 256


class CustomEndpoint(_TextEndpoint):
    """A container with somebody's own handler on `inputs`/`parameters` bodies.

    Attributes:
        shape: What its answers and records look like.
        framing: How it streams, where its shape can be streamed.
        echoes: Whole answers begin with the prompt, unless `return_full_text` is false.
        default_max_new_tokens: What it generates when a request does not say.
    """

    kind: Literal["custom"]
    shape: Literal[
        "generated_text",
        "object",
        "nested",
        "generated_texts",
        "outputs",
        "generation",
        "choices",
        "text_choices",
        "text",
        "surprise",
    ] = "generated_text"
    framing: Framing = "jsonlines"
    echoes: bool = False
    default_max_new_tokens: PositiveInt = 100


class MessagesEndpoint(_TextEndpoint):
    """A container with the OpenAI Messages API, such as vLLM.

    Attributes:
        framing: How it streams: server-sent events, or JSON lines as LMI does.
        served_model: The only model name that it accepts; without it any name will do.
        reasoning_field: The name under which it gives its reasoning.
        tools: Whether tools may be called automatically.
        completions: Whether it takes `prompt` bodies.
        embeddings: Whether it takes `input` bodies.
        dimensions: The length of each vector.
    """

    kind: Literal["messages"]
    framing: Framing = "sse"
    served_model: str | None = None
    reasoning_field: Literal["reasoning_content", "reasoning"] = "reasoning_content"
    tools: bool = True
    completions: bool = True
    embeddings: bool = True
    dimensions: PositiveInt = 8


class NovaEndpoint(_TextEndpoint):
    """An Amazon Nova container."""

    kind: Literal["nova"]


class EmbeddingsEndpoint(_Endpoint):
    """An embeddings container: TEI, one that resembles it, or a vendor's.

    Attributes:
        dimensions: The length of each vector.
        batch_limit: The most inputs in one request; 32, or the vendor's own limit.
        context_length: Tokens of one input.
        flat_single: Answers a single input with a flat array instead of an array of one row.
        key: The key of the inputs; a request without it is refused.
        shape: How the vectors are wrapped.
        vendor: Takes and gives a vendor's bodies instead.
    """

    kind: Literal["embeddings"]
    dimensions: PositiveInt = 8
    batch_limit: PositiveInt | None = None
    context_length: PositiveInt = 8192
    flat_single: bool = False
    key: Literal["inputs", "text_inputs", "sentences", "instances"] = "inputs"
    shape: Literal[
        "rows",
        "tokens",
        "layered",
        "embedding",
        "embeddings",
        "vectors",
        "outputs",
        "data",
        "objects",
    ] = "rows"
    vendor: Literal["cohere", "voyage"] | None = None

    @model_validator(mode="after")
    def _vendors_have_their_own_bodies(self) -> Self:
        clash = self.model_fields_set & {"key", "shape", "flat_single"}
        if self.vendor and clash:
            raise ValueError(f"{', '.join(sorted(clash))} can't be set with a vendor")
        return self


class RerankEndpoint(_Endpoint):
    """A TEI container with a model that ranks texts.

    Attributes:
        batch_limit: The most texts in one request.
        context_length: Tokens of the query and one text together.
    """

    kind: Literal["rerank"]
    batch_limit: PositiveInt = 32
    context_length: PositiveInt = 8192


class ContainerEndpoint(_Endpoint):
    """A real container.

    Attributes:
        container: The base URL of a server with `/invocations` and `/ping`, or the URL of one
            route of any other server.
    """

    kind: Literal["container"]
    container: AnyHttpUrl


Endpoint = Annotated[
    TgiEndpoint
    | LmiEndpoint
    | LmiStaticEndpoint
    | Llama2Endpoint
    | CustomEndpoint
    | MessagesEndpoint
    | NovaEndpoint
    | EmbeddingsEndpoint
    | RerankEndpoint
    | ContainerEndpoint,
    Field(discriminator="kind"),
]
