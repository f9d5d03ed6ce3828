"""The built-in layouts against texts that other implementations wrote.

`templates/recorded.json` holds what these packages gave for the conversations of `conversations`:

* `mistral-common` 1.13.1, Mistral's own: `encode_chat_completion(...).text`, with its spelled
  spaces and newlines (`\u2581`, `<0x0A>`) as themselves;
* `fschat` 0.2.36, of Vicuna's authors: `Conversation.get_prompt()`;
* `litgpt` 0.5.13: `PromptStyle.apply`;
* `unsloth` 2026.10.9: its Jinja templates.

Where `begin` is false the package leaves the begin mark to the tokenizer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.prompts.families import family_for
from tests.adapters.prompts.conversations import CONVERSATIONS, SYSTEM_FIRST, Deviation

RECORDED: Final[list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "templates" / "recorded.json").read_text(encoding="utf-8")
)
NOT_STRIPPED = "history is not stripped at its end; Mistral's own templates leave it too"
DEVIATIONS: Final = {
    "mistral-common 1.13.1, MistralTokenizer.v3": (
        Deviation(
            SYSTEM_FIRST,
            "[INST] U[/INST] A</s>[INST] S\n\nU2[/INST]",
            "[INST] S\n\nU[/INST] A</s>[INST] U2[/INST]",
        ),
        Deviation(NOT_STRIPPED, "[/INST]  A</s>", "[/INST]  A </s>"),
    ),
    "mistral-common 1.13.1, MistralTokenizer.v3 Tekken": (
        Deviation(
            SYSTEM_FIRST,
            "[INST]U[/INST]A</s>[INST]S\n\nU2[/INST]",
            "[INST]S\n\nU[/INST]A</s>[INST]U2[/INST]",
        ),
        Deviation(NOT_STRIPPED, "[/INST] A</s>", "[/INST] A </s>"),
    ),
    "mistral-common 1.13.1, MistralTokenizer.v7": (
        Deviation(NOT_STRIPPED, "[/INST]  A</s>", "[/INST]  A </s>"),
    ),
}


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["source"])
def test_a_family_writes_what_others_write(recorded: dict[str, Any]) -> None:
    """Character for character, but for the deviations that are listed with their reasons."""
    family = family_for(recorded["model"], add_bos=recorded["begin"])
    assert family is not None
    deviations = DEVIATIONS.get(recorded["source"], ())
    for conversation, text in recorded["texts"].items():
        expected = text
        for deviation in deviations:
            expected = deviation.undone(expected)
        assert family.render(CONVERSATIONS[conversation]) == expected


def test_no_deviation_is_listed_without_need() -> None:
    """Each one is in a text that was recorded."""
    texts = {recorded["source"]: recorded["texts"].values() for recorded in RECORDED}
    for source, deviations in DEVIATIONS.items():
        for deviation in deviations:
            assert any(deviation.theirs in text for text in texts[source])
