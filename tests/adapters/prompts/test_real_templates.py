"""The built-in layouts against the models' own chat templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NoReturn

import pytest
from jinja2 import Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.base import Json, Prompt
from adapters.prompts.families import family_for
from adapters.prompts.jinja import ChatTemplate
from tests.adapters.prompts.conversations import CONVERSATIONS, assistant, parts, system, user
from tests.adapters.prompts.real_templates import REAL, TEMPLATES, Real
from tests.adapters.prompts.real_templates_of_others import OTHERS

ALL: Final = REAL + OTHERS
FILES: Final = [real.file for real in ALL]
#: What templates that ask take for today: the day that Llama 3.1 has in its own text.
TODAY: Final = datetime(2024, 7, 26, tzinfo=UTC)
#: The templates that write a system message wherever it stands.
SYSTEM_ANYWHERE: Final = (
    *("llama-3", "llama-3.1", "llama-3.2", "llama-4", "mistral-small-24b", "mistral-large-2411"),
    *("tinyllama", "openhermes", "qwen", "qwen2", "qwen2.5", "qwen3"),
    *("phi-3-mini", "phi-3.5", "phi-4", "phi-4-mini", "openchat"),
    *("deepseek-coder-v2", "deepseek-coder", "solar", "granite-3.0", "granite-4.0", "olmo-2"),
    *("tulu-3", "internlm2", "nous-hermes-2-mixtral", "hermes-3", "smollm2", "opencoder"),
    *("dolphin-mixtral", "stable-code", "granite-3.3"),
)


def refuse(message: str) -> NoReturn:
    raise TemplateError(message)


#: As transformers builds it, and independent of the gateway's own.
PLAIN = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
)
PLAIN.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False, **options)
PLAIN.globals["raise_exception"] = refuse
PLAIN.globals["strftime_now"] = TODAY.strftime


@cache
def source_of(file: str) -> str:
    return (TEMPLATES / f"{file}.jinja").read_text(encoding="utf-8")


@cache
def plain(file: str) -> Template:
    return PLAIN.from_string(source_of(file))


@cache
def sandboxed(real: Real) -> ChatTemplate:
    return ChatTemplate(
        source_of(real.file), bos_token=real.bos, eos_token=real.eos, clock=lambda: TODAY
    )


def texts_of(messages: list[Json]) -> Iterator[tuple[str, str]]:
    for message in messages:
        content: Any = message["content"]
        text = content if isinstance(content, str) else "".join(part["text"] for part in content)
        yield message["role"], text


def accepted_by(real: Real, messages: list[Json]) -> list[Json]:
    """Say the messages as the template takes them."""
    said = list(texts_of(messages))
    if real.refuses_system and said[0][0] == "system":
        said[:2] = [("user", said[0][1] + "\n\n" + said[1][1])]
    return [
        {"role": role, "content": parts(text) if real.wants_parts else text} for role, text in said
    ]


def own_text(real: Real, messages: list[Json]) -> str:
    """Give what the model's own template writes, rendered as transformers does."""
    return as_transformers(real, accepted_by(real, messages))


def as_transformers(real: Real, messages: list[Json]) -> str:
    return plain(real.file).render(
        messages=messages,
        bos_token=real.bos,
        eos_token=real.eos,
        add_generation_prompt=True,
        tools=None,
    )


def expected_of(real: Real, messages: list[Json]) -> str:
    text = own_text(real, messages)
    for deviation in real.deviations:
        text = deviation.undone(text)
    return text


def family(model: str) -> Prompt:
    prompt = family_for(model)
    assert prompt is not None
    return prompt


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@pytest.mark.parametrize("real", ALL, ids=FILES)
def test_a_family_writes_what_the_models_own_template_writes(real: Real, conversation: str) -> None:
    """Character for character, but for the deviations that are listed with their reasons."""
    messages = CONVERSATIONS[conversation]
    expected = expected_of(real, messages)
    for model in real.models:
        assert family(model).render(messages) == expected


@pytest.mark.parametrize("file", SYSTEM_ANYWHERE)
def test_a_late_system_text_stands_where_the_template_has_it(file: str) -> None:
    """Between the turns, in the system's own marks."""
    real = ALL[FILES.index(file)]
    messages = [user("U"), assistant("A"), system("S"), user("U2")]
    assert family(real.models[0]).render(messages) == expected_of(real, messages)


@pytest.mark.parametrize("real", ALL, ids=FILES)
def test_no_deviation_is_listed_without_need(real: Real) -> None:
    """What a deviation takes out is written by the template in one conversation at least."""
    written = [own_text(real, messages) for messages in CONVERSATIONS.values()]
    for deviation in real.deviations:
        undone = [deviation.undone(text) for text in written]
        assert undone != written
        written = undone


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@pytest.mark.parametrize("real", ALL, ids=FILES)
def test_the_sandbox_renders_real_templates_as_transformers_does(
    real: Real, conversation: str
) -> None:
    """Budget and cage change no character, and refused system texts find the same place."""
    messages = CONVERSATIONS[conversation]
    own = own_text(real, messages)
    if real.reads_parts and conversation == "list content":
        own = as_transformers(real, messages)
    if (real.file, conversation) == ("gemma-3", "list content"):
        # It strips each part of a user, and of a system's parts it would write the first only.
        own = own.replace("U V", "UV")
    assert sandboxed(real).render(messages) == own


def test_every_template_is_compared() -> None:
    """No file lies in the folder without a row in the table."""
    assert {path.stem for path in TEMPLATES.glob("*.jinja")} == set(FILES)
