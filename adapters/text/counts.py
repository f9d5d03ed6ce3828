"""The tokens of one call, counted as well as the container lets us.

A whole answer and a stream tell the same wherever both are estimates: what only a stream happens to
know is left out of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.base import Json, Payload, UsageSource
from adapters.openai import usage
from adapters.text.details import NOTHING, Details


@dataclass(slots=True, kw_only=True)
class Said:
    """What is known of one text's length."""

    details: Details = NOTHING
    #: The records that came, one for each token; None where records are no tokens.
    records: int | None = None
    #: The text's UTF-8 bytes.
    size: int = 0

    @property
    def generated(self) -> int | None:
        """Give the number of tokens, where it is known."""
        return self.records if self.details.generated is None else self.details.generated


def count(
    payload: Payload, record: Json | None, texts: Sequence[Said], *, detailed: bool
) -> tuple[Json, UsageSource]:
    """Count a call: by the container's word, else by details, by records, or by size.

    Args:
        payload: The call; a prompt that an earlier call asks as well counts there.
        record: The container's usage record, if it gave one.
        texts: The texts that the call gave, one at least.
        detailed: Details were asked for: whole answers have them as streams do.
    """
    if record is not None:
        return (_without_prompt(record) if payload.repeats else record), "container"
    told = _sum([each.details.generated for each in texts])
    prompt, generated = texts[0].details.prompt, told if detailed else None
    if prompt is not None:
        generated = _sum([each.generated for each in texts])
    return usage.settle(
        0 if payload.repeats else prompt,
        generated,
        "counted" if told is None else "details",
        (
            usage.estimate(usage.size(payload.prompt)),
            sum([usage.estimate(each.size) for each in texts]),
        ),
    )


def _without_prompt(record: Json) -> Json:
    return {**record, "prompt_tokens": 0, "total_tokens": record["completion_tokens"]}


def _sum(counts: list[int | None]) -> int | None:
    return None if None in counts else sum([count or 0 for count in counts])
