"""Text Generation Inference: Hugging Face's `inputs`/`parameters`, asked for its details.

Finish reasons and counts are then exact. `response_format` becomes a grammar.
Source: https://huggingface.github.io/text-generation-inference/
"""

from __future__ import annotations

from typing import Any, Final

from adapters.base import Json
from adapters.errors import InvalidRequest
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
    shape = _object(written.pop("response_format", None), "response_format")
    if shape.get("type") == "json_schema":
        about = _object(shape.get("json_schema"), "response_format.json_schema")
        schema = about.get("schema") or _ANY_OBJECT
        written.setdefault("grammar", {"type": "json", "value": schema})
    elif shape.get("type") == "json_object":
        written.setdefault("grammar", {"type": "json", "value": _ANY_OBJECT})


def _object(value: Any, param: str) -> Json:
    """Give an object; null is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest(
            f"Invalid type for '{param}': expected an object.", param=param, code="invalid_type"
        )
    return value


DIALECT: Final = Dialect(supported=_SUPPORTED, finish=_finish, asks_details=True, knows_echo=True)
FORMAT = text_format("tgi", DIALECT)
