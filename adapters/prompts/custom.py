"""LiteLLM's custom prompt template: marks around each role's text, between two fixed ends.

Knows the keys `roles`, `initial_prompt_value` and `final_prompt_value`
(https://docs.litellm.ai/docs/providers/aws_sagemaker); refuses to know any model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.base import Json, Prompt
from adapters.prompts.layout import Marks
from adapters.prompts.plain import message_text
from adapters.prompts.turns import require_text
from adapters.value import value

_BARE: Final = Marks()


@value(frozen=True, slots=True)
class _Custom:
    marks: Mapping[str, Marks]
    initial: str
    final: str

    def render(self, messages: list[Json]) -> str:
        texts = [message_text(message, f"messages[{i}]") for i, message in enumerate(messages)]
        require_text(texts)
        written = (
            self.marks.get(message.get("role", ""), _BARE).around(text)
            for message, text in zip(messages, texts, strict=True)
        )
        return self.initial + "".join(written) + self.final


def custom_prompt(
    *,
    roles: Mapping[str, Mapping[str, str | None]] | None = None,
    initial_prompt_value: str | None = None,
    final_prompt_value: str | None = None,
) -> Prompt:
    """Build the prompt that LiteLLM's three settings describe.

    Args:
        roles: For each role `pre_message` and `post_message`; a missing role or half is empty.
            A `developer` without marks of its own gets the `system` ones.
        initial_prompt_value: Written first.
        final_prompt_value: Written last.
    """
    marks = {
        role: Marks(halves.get("pre_message") or "", halves.get("post_message") or "")
        for role, halves in (roles or {}).items()
    }
    marks.setdefault("developer", marks.get("system", _BARE))
    return _Custom(marks, initial_prompt_value or "", final_prompt_value or "")
