"""LMI (DJL Serving) with rolling batch: `inputs`/`parameters`, answered as objects or JSON lines.

Stop texts are `stop_sequences`; the penalties and further settings are those of its vLLM.
Source: https://docs.djl.ai/master/docs/serving/serving/docs/lmi/user_guides/lmi_input_output_schema.html
"""

from __future__ import annotations

from typing import Final

from adapters.base import Json
from adapters.text.codec import text_format
from adapters.text.dialect import BASIC, Dialect, alternatives

SUPPORTED: Final = BASIC | {
    "best_of",
    "frequency_penalty",
    "logprobs",
    "presence_penalty",
    "seed",
    "top_logprobs",
}


def finish(written: Json, params: Json) -> None:
    """Ask for log probabilities: a number of alternatives, at least the token itself."""
    wanted = alternatives(written, params)
    if wanted is not None:
        written["logprobs"] = max(wanted, 1)


FORMAT = text_format(
    "lmi",
    Dialect(supported=SUPPORTED, finish=finish, stop_name="stop_sequences", asks_details=True),
)
