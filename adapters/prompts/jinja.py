"""A model's own chat template as a prompt: compiled once, rendered in the sandbox.

Knows the variables that templates expect, and what to try when a template refuses a conversation.
Refuses to send a template's complaint to a model, and to take a template from a client: templates
come from the configuration only.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from jinja2 import TemplateError
from jinja2.exceptions import SecurityError

from adapters.base import Json, Prompt
from adapters.errors import ConfigError, InvalidRequest, PayloadTooLarge
from adapters.prompts.budget import BUDGET, MAX_CHARACTERS, MAX_STEPS, Budget, OverBudget
from adapters.prompts.plain import message_text, part_text
from adapters.prompts.sandbox import Sandbox, TemplateRefusal
from adapters.prompts.shapes import learn
from adapters.prompts.turns import BLANK_LINE, require_text

#: In bytes of UTF-8.
MAX_TEMPLATE_BYTES: Final = 65_536
#: What a client sees as `code` when the template can't, or won't, write its messages.
CODE: Final = "chat_template_error"

#: What one of the renderings may do with which a template's shapes are learned at start-up.
_LEARNING: Final = (5_000, 500_000)

_SANDBOX: Final = Sandbox()

#: Values of which no template can make anything but what they are.
_PLAIN: Final = (str, int, float, bool, type(None))
#: Our own variables that a request may set all the same.
_SWITCHES: Final = frozenset({"add_generation_prompt"})
#: Our own variables that not every template has.
_TAKEN: Final = frozenset({"messages", "strftime_now"})


class ChatTemplate:
    """A compiled chat template; an `adapters.base.Prompt`.

    Args:
        source: The template's text.
        bos_token: The begin mark, as the template's variable; empty to let the container add it.
        eos_token: The end mark, as the template's variable.
        tokens: More of the tokenizer's marks by their names (`unk_token`).
        clock: Gives the time for `strftime_now`. Without it the name is undefined: templates that
            ask `strftime_now is defined` use their own date, and the others fail with 400.
        max_steps: The work that one rendering may do, see `budget`.
        max_characters: The text that one rendering may write.

    Raises:
        ConfigError: not a template, one that needs what the sandbox lacks, or too long.
    """

    def __init__(
        self,
        source: str,
        *,
        bos_token: str = "",
        eos_token: str = "",
        tokens: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] | None = None,
        max_steps: int = MAX_STEPS,
        max_characters: int = MAX_CHARACTERS,
    ) -> None:
        if len(source.encode()) > MAX_TEMPLATE_BYTES:
            raise ConfigError(f"The chat template is longer than {MAX_TEMPLATE_BYTES} bytes.")
        try:
            self._template = _SANDBOX.compiled(source)
        except (TemplateError, SyntaxError, RecursionError) as error:
            raise ConfigError(f"The chat template can't be compiled: {error}") from error
        self._knows_tool_calls = "tool_calls" in source
        self._limits = (max_steps, max_characters)
        self._variables: dict[str, Any] = {
            **(tokens or {}),
            "bos_token": bos_token,
            "eos_token": eos_token,
            "add_generation_prompt": True,
            "tools": None,
            "documents": None,
        }
        if clock is not None:
            self._variables["strftime_now"] = lambda layout: clock().strftime(layout)
        self._shapes = learn(self._tried)

    def adjusted(self, switches: Mapping[str, Any]) -> ChatTemplate:
        """Give the template with further variables, as vLLM's `chat_template_kwargs`.

        Raises:
            InvalidRequest: a name is the gateway's own (`messages`, `tools`, a token, a function),
                or a value is no text, number, boolean or null.
        """
        for name, value in switches.items():
            if not self._is_switch(name) or not isinstance(value, _PLAIN):
                raise InvalidRequest(
                    f"'chat_template_kwargs' takes texts, numbers, booleans and nulls under names "
                    f"that the template alone knows: {name!a} can't be set so.",
                    param="chat_template_kwargs",
                    code="invalid_value",
                )
        template = copy.copy(self)
        template._variables = {**self._variables, **switches}  # noqa: SLF001 - its own copy
        return template

    def _is_switch(self, name: str) -> bool:
        if name in _SWITCHES:
            return True
        taken = name in self._variables or name in _TAKEN or name in _SANDBOX.globals
        return name.isidentifier() and not taken and not name.endswith("_token")

    def render(self, messages: list[Json]) -> str:
        """Give the prompt.

        Content reaches the template as the client gave it where the template reads that shape, see
        `shapes`. A refused conversation is tried again with same-role neighbours merged, then with
        the system text inside the first user message, then with both.

        Raises:
            InvalidRequest: the template refuses (with its own words), fails on the messages, or
                reaches for what the sandbox forbids.
            PayloadTooLarge: it wants to write, or to do, too much.
        """
        budget = Budget(*self._limits)
        refusal = TemplateRefusal()
        texts = self._as_texts(messages)
        whole = [self._unflattened(*both) for both in zip(messages, texts, strict=True)]
        for attempt in _attempts(whole, texts):
            try:
                return self._guarded([self._shapes.shaped(m) for m in attempt], budget)
            except TemplateRefusal as error:
                refusal = error
        raise InvalidRequest(str(refusal), param="messages", code=CODE) from refusal

    def _guarded(self, messages: list[Json], budget: Budget) -> str:
        try:
            return self._written(messages, budget)
        except TemplateRefusal:
            raise
        except OverBudget as error:
            raise PayloadTooLarge(
                "The messages are too much for the model's `chat_template`.", param="messages"
            ) from error
        except SecurityError as error:
            raise InvalidRequest(
                "The model's `chat_template` does what is not allowed in this gateway.",
                param="messages",
                code=CODE,
                detail=str(error),
            ) from error
        except Exception as error:
            # A template is foreign code: whatever it raises is its own failure.
            raise InvalidRequest(
                "The model's `chat_template` can't write these messages.",
                param="messages",
                code=CODE,
                detail=type(error).__name__,  # its text may quote a message
            ) from error

    def _written(self, messages: list[Json], budget: Budget) -> str:
        return self._template.render({**self._variables, "messages": messages, BUDGET: budget})

    def _tried(self, messages: list[Json]) -> str | None:
        limits = map(min, self._limits, _LEARNING)
        try:
            return self._written(messages, Budget(*limits))
        except Exception:  # noqa: BLE001 - foreign code: whatever it raises says that it can't
            return None

    def _as_texts(self, messages: list[Json]) -> list[Json]:
        """Give every content as text, and `developer` by its older name."""
        texts = [self._text(message, f"messages[{i}]") for i, message in enumerate(messages)]
        said = zip(messages, texts, strict=True)
        require_text(text or str(message.get("tool_calls") or "") for message, text in said)
        return [
            {**message, "role": _role(message), "content": text}
            for message, text in zip(messages, texts, strict=True)
        ]

    def _text(self, message: Json, param: str) -> str:
        if not message.get("content") and message.get("tool_calls") and self._knows_tool_calls:
            return ""
        return message_text(message, param)

    def _unflattened(self, message: Json, text: Json) -> Json:
        """Give back the parts of a message whose role's parts the template reads."""
        content = message.get("content")
        if not isinstance(content, list) or text["role"] not in self._shapes.parts:
            return text
        parts = [{**part, "type": "text", "text": part_text(part, "")} for part in content]
        return {**text, "content": parts}


def from_tokenizer_config(
    config: Mapping[str, Any],
    *,
    add_bos: bool = True,
    clock: Callable[[], datetime] | None = None,
) -> Prompt:
    """Build the prompt that a model's `tokenizer_config.json` describes.

    Args:
        config: The parsed file: `chat_template` (text, or a list of `{"name", "template"}` of which
            `default` is taken), `bos_token`, `eos_token` and other marks whose name ends in
            `_token` (text, or `{"content": text}`).
        add_bos: Give the template its begin mark; false where the container adds it by itself.
        clock: See `ChatTemplate`.

    Raises:
        ConfigError: no usable chat template.
    """
    return ChatTemplate(
        _source(config.get("chat_template")),
        bos_token=_token(config.get("bos_token")) if add_bos else "",
        eos_token=_token(config.get("eos_token")),
        tokens={key: _token(config[key]) for key in config if key.endswith("_token")},
        clock=clock,
    )


def _source(given: Any) -> str:
    if isinstance(given, list):
        named = {entry.get("name"): entry.get("template") for entry in given}
        given = named.get("default")
    if not isinstance(given, str):
        raise ConfigError(
            "Expected `chat_template` to be a text, or a list with a template named `default`.",
            path=("chat_template",),
        )
    return given


def _token(given: Any) -> str:
    text = given.get("content") if isinstance(given, Mapping) else given
    return text if isinstance(text, str) else ""


def _role(message: Json) -> Any:
    role = message.get("role")
    return "system" if role == "developer" else role


def _attempts(whole: list[Json], texts: list[Json]) -> Iterator[list[Json]]:
    """Give the conversation as it is, then each way to please a strict template, least first."""
    yield whole
    merged, folded = _merged(texts), _folded(texts)
    tried: list[list[Json]] = [texts]
    for attempt in (merged, folded, _merged(folded)):
        if attempt not in tried:
            tried.append(attempt)
            yield attempt


def _merged(messages: list[Json]) -> list[Json]:
    """Join neighbours of one role; tool calls and their answers stay apart."""
    joined: list[Json] = []
    for message in messages:
        if joined and _belong_together(joined[-1], message):
            texts = filter(None, (joined[-1]["content"], message["content"]))
            joined[-1] = {**joined[-1], "content": BLANK_LINE.join(texts)}
        else:
            joined.append(message)
    return joined


def _belong_together(first: Json, second: Json) -> bool:
    tools = any("tool_calls" in message or "tool_call_id" in message for message in (first, second))
    return _role(first) == _role(second) and not tools


def _folded(messages: list[Json]) -> list[Json]:
    """Put what the system says into the first user message; without one it is the first itself."""
    texts = [message["content"] for message in messages if _role(message) == "system"]
    others = [message for message in messages if _role(message) != "system"]
    if not texts:
        return messages
    text = BLANK_LINE.join(texts)
    first = next((i for i, message in enumerate(others) if message["role"] == "user"), None)
    if first is None:
        return [{"role": "user", "content": text}, *others]
    user = {**others[first], "content": text + BLANK_LINE + others[first]["content"]}
    return [*others[:first], user, *others[first + 1 :]]
