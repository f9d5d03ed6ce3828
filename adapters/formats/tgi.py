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
#: Kinds of grammars in TGI's own words.
_OWN_KINDS: Final = ("json", "regex")


def _finish(written: Json, params: Json) -> None:
    """Ask for log probabilities and for JSON in TGI's words."""
    wanted = alternatives(written, params)
    if wanted:
        written.setdefault("top_n_tokens", wanted)
    grammar = _grammar(_object(written.pop("response_format", None), "response_format"))
    if grammar is not None:
        written.setdefault("grammar", grammar)


def _grammar(shape: Json) -> Json | None:
    """Give TGI's grammar for a response format: OpenAI's kinds, or TGI's own with their `value`.

    Raises:
        InvalidRequest: TGI has no such kind.
    """
    kind = shape.get("type", "text")
    if kind == "text":
        return None
    if kind == "json_schema":
        about = _object(shape.get("json_schema"), "response_format.json_schema")
        return {"type": "json", "value": about.get("schema") or _ANY_OBJECT}
    if kind == "json_object":
        return {"type": "json", "value": shape.get("value") or _ANY_OBJECT}
    if kind in _OWN_KINDS and "value" in shape:
        return {"type": kind, "value": shape["value"]}
    raise InvalidRequest(
        "Invalid value for 'response_format.type': it must be 'text', 'json_object', "
        "'json_schema', or, with a 'value', 'json' or 'regex'.",
        param="response_format.type",
        code="invalid_value",
    )


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
