"""A finished text: its tokens, and why it ended.

Knows the two habits of containers: those with `inputs` bodies count the end mark as a token and
say `eos_token`, `length` or `stop_sequence`; those with OpenAI bodies say `stop` or `length` and
leave the stop text out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.containers.text import cut_at_stop, tokens


@dataclass(frozen=True, slots=True)
class Generation:
    """What was generated."""

    pieces: list[str]
    finish_reason: str

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


def generate(text: str, limit: int, stops: Sequence[str], *, keeps_stop: bool) -> Generation:
    """Writes a text as containers with `inputs` bodies do; the end mark needs a token as well."""
    pieces = tokens(text)
    kept = pieces[:limit]
    stopped = cut_at_stop(kept, stops)
    if stopped is not None:
        return Generation(stopped if keeps_stop else without_stop(stopped, stops), "stop_sequence")
    return Generation(kept, "length" if len(pieces) >= limit else "eos_token")


def complete(text: str, limit: int | None, stops: Sequence[str]) -> Generation:
    """Writes a text as containers with OpenAI bodies do."""
    pieces = tokens(text)
    kept = pieces if limit is None else pieces[:limit]
    stopped = cut_at_stop(kept, stops)
    if stopped is not None:
        return Generation(without_stop(stopped, stops), "stop")
    return Generation(kept, "length" if len(kept) < len(pieces) else "stop")


def without_stop(pieces: Sequence[str], stops: Sequence[str]) -> list[str]:
    """The tokens before the stop text that they end with."""
    text = "".join(pieces)
    longest = max(len(stop) for stop in stops if text.endswith(stop))
    return tokens(text[: len(text) - longest])
