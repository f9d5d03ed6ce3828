"""What a container says of a text beside the text: finish reason, counts, tokens."""

from __future__ import annotations

from typing import Any, Final

from adapters.container import failed_generation
from adapters.openai.finish import FAILURES
from adapters.openai.logprobs import Token
from adapters.text.token import read_tokens
from adapters.value import value


@value(frozen=True, slots=True, kw_only=True)
class Details:
    """What a container says of a text beside the text."""

    #: Its own word for the finish reason.
    finish: str | None = None
    #: Exact numbers of tokens.
    generated: int | None = None
    prompt: int | None = None
    #: The tokens of the text, with their log probabilities.
    tokens: tuple[Token, ...] = ()


NOTHING: Final = Details()


def read_details(record: Any) -> Details:
    """Read a `details` object of TGI or LMI; other things say nothing.

    Raises:
        ModelError: the finish reason is a failure.
    """
    if not isinstance(record, dict):
        return NOTHING
    said = record.get("finish_reason", record.get("finish reason"))
    check_finish(said)
    prompt = record.get("input_length")
    if prompt is None and record.get("prefill"):
        prompt = len(record["prefill"])
    return Details(
        finish=said,
        generated=record.get("generated_tokens"),
        prompt=prompt,
        tokens=tuple(read_tokens(record)),
    )


def check_finish(said: Any) -> None:
    """Let a container's finish reason pass, unless it is a failure.

    Raises:
        ModelError: it is one.
    """
    if isinstance(said, str) and said in FAILURES:
        raise failed_generation()
