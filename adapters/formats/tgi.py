"""Text Generation Inference: Hugging Face's `inputs`/`parameters`, asked for its details.

Finish reasons and counts are then exact. `response_format` becomes a grammar.
Source: https://huggingface.github.io/text-generation-inference/
"""

from __future__ import annotations

from typing import Final

from adapters.base import Json
from adapters.text.codec import text_format
from adapters.text.dialect import BASIC, Dialect, alternatives

_SUPPORTED: Final = BASIC | {
    "best_of",
    "frequency_penalty",
    "logprobs",
    "response_format",
    "seed",
    "top_logprobs",
}
_ANY_OBJECT: Final = {"type": "object"}


def _finish(written: Json, params: Json) -> None:
    """Ask for log probabilities and for JSON in TGI's words."""
    wanted = alternatives(written, params)
    if wanted:
        written.setdefault("top_n_tokens", wanted)
    shape = written.pop("response_format", None) or {}
    if shape.get("type") == "json_schema":
        schema = (shape.get("json_schema") or {}).get("schema") or _ANY_OBJECT
        written.setdefault("grammar", {"type": "json", "value": schema})
    elif shape.get("type") == "json_object":
        written.setdefault("grammar", {"type": "json", "value": _ANY_OBJECT})


DIALECT: Final = Dialect(supported=_SUPPORTED, finish=_finish, asks_details=True)
FORMAT = text_format("tgi", DIALECT)
