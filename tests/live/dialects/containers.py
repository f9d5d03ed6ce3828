"""Every way to speak to every text container: its emulator endpoint and its model, as data.

Knows names, settings and what `docs/formats.md` promises of each. Refuses to know how it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from adapters.base import UsageSource
from tests.live import serving
from tests.live.serving import Yaml

#: A column of the parameter table.
Column = Literal[
    "nothing", "tgi", "lmi", "lmi_static", "llama2", "chat", "nova", "openai", "raw", "mine"
]

#: Texts that a careless decoder damages: white space, marks of chat layouts, framing, emoji.
HOSTILE = serving.HOSTILE + "<|im_end|>x <s> b </s>. <|eot_id|>! a\n\n\n🌍 \u00a0\ufeff\t end  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One container, and one way to speak to it.

    Attributes:
        name: The model's name, and the endpoint's.
        column: Its column of the parameter table.
        container: The emulator's settings.
        route: What stands before the endpoint's name.
        settings: The gateway's settings.
        whole: Where the counts of a whole answer come from.
        streamed: Where a stream's come from.
        length: Whether `length` is known of a whole answer, and of a stream.
        takes_stop: Whether `stop` may be asked.
        agrees: Whether both count alike; else the stream's tokens could be counted.
        opens: Whether the role has a chunk of its own.
    """

    name: str
    column: Column
    container: Yaml
    route: str = "sagemaker/"
    settings: Yaml = field(default_factory=dict)
    whole: UsageSource = "estimate"
    streamed: UsageSource = "estimate"
    length: tuple[bool, bool] = (False, False)
    takes_stop: bool = True
    agrees: bool = True
    opens: bool = True

    @property
    def fans_out(self) -> bool:
        """Whether each choice takes a call of its own."""
        return self.column not in {"chat", "openai", "nova", "raw"}

    @property
    def hostile(self) -> Yaml:
        """The endpoint that answers the hostile text, whatever its length."""
        bounded = self.container["kind"] not in {"messages", "nova"}
        room = {"default_max_new_tokens": 1000} if bounded else {}
        return {**self.container, **room, "reply": HOSTILE}


#: The counts of a container that tells its own.
_TOLD: Yaml = {"whole": "container", "streamed": "container", "length": (True, True)}
_EULA: Yaml = {"custom_attributes": "accept_eula=true"}


def _lmi(name: str, **container: object) -> Dialect:
    return Dialect(
        name=f"lmi-{name}",
        column="lmi",
        container={"kind": "lmi", **container},
        settings={"format": "lmi"},
        length=(True, True),
    )


def _chat(name: str, kind: str, **container: object) -> Dialect:
    return Dialect(
        name=f"chat-{name}",
        column="chat",
        container={"kind": kind, **container},
        route="sagemaker_chat/",
        opens=name not in {"tgi-2", "lmi-old"},
        **_TOLD,
    )


def _llama(name: str, **container: object) -> Dialect:
    return Dialect(
        name=name,
        column="llama2",
        container={"kind": "llama2", **container},
        settings={"format": "llama2", **_EULA},
    )


def _custom(shape: str, **container: object) -> Dialect:
    told = shape.endswith("choices")
    return Dialect(
        name=f"custom-{shape.replace('_', '-')}{'-sse' if container else ''}",
        column="nothing",
        container={"kind": "custom", "shape": shape, **container},
        **(_TOLD if told else {}),
    )


#: The shapes of somebody's own handler.
SHAPES = (
    *("generated_text", "object", "nested", "generated_texts", "outputs", "generation", "text"),
    *("choices", "text_choices"),
)

DIALECTS: Sequence[Dialect] = (
    Dialect(
        name="tgi-unset",
        column="nothing",
        container={"kind": "tgi"},
        streamed="details",
        agrees=False,
        length=(False, True),
    ),
    Dialect(
        name="tgi",
        column="tgi",
        container={"kind": "tgi"},
        settings={"format": "tgi"},
        streamed="details",
        agrees=False,
        length=(True, True),
    ),
    Dialect(
        name="tgi-by-module",
        column="mine",
        container={"kind": "tgi"},
        settings={"format": "adapters.formats.tgi:FORMAT"},
        streamed="details",
        agrees=False,
        length=(True, True),
    ),
    _lmi("json"),
    _lmi("sse", framing="sse"),
    _lmi("tgi-compat", tgi_compat=True),
    _lmi("spaced", spaced_finish_key=True),
    Dialect(
        name="lmi-unset",
        column="nothing",
        container={"kind": "lmi"},
        length=(False, True),
    ),
    Dialect(
        name="lmi-static",
        column="lmi_static",
        container={"kind": "lmi_static"},
        settings={"format": "lmi_static"},
    ),
    _llama("llama-2-7b-f"),
    _llama("llama-2-13b-f", streaming=True),
    _llama("llama-2-7b", chat=False),
    _llama("llama-2-13b", chat=False, streaming=True),
    *map(_custom, SHAPES),
    _custom("generation", framing="sse"),
    _chat("tgi-3", "tgi", flavour="all"),
    _chat("tgi-2", "tgi", flavour="messages"),
    _chat("lmi", "lmi"),
    _chat("lmi-sse", "lmi", framing="sse"),
    _chat("lmi-old", "lmi", old_chat=True),
    _chat("vllm", "messages"),
    _chat("lines", "messages", framing="jsonlines"),
    Dialect(
        name="nova",
        column="nova",
        container={"kind": "nova"},
        route="sagemaker_nova/",
        takes_stop=False,
        **_TOLD,
    ),
    Dialect(
        name="openai-vllm",
        column="openai",
        container={"kind": "messages"},
        route="sagemaker/openai/",
        **_TOLD,
    ),
    Dialect(
        name="openai-tgi-3",
        column="openai",
        container={"kind": "tgi", "flavour": "all"},
        route="sagemaker/openai/",
        **_TOLD,
    ),
    Dialect(
        name="raw-chat",
        column="raw",
        container={"kind": "messages"},
        settings={"format": "raw"},
        **_TOLD,
    ),
)
BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
