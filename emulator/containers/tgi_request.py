"""What Text Generation Inference takes, and its words for what it does not take.

Source: TGI's router (validation texts) and its `/invocations` documentation.
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import orjson

from emulator.containers.base import Complaint

_BEST_OF_LIMIT = 2
_STOP_LIMIT = 4
_GRAMMARS = ("json", "regex", "json_schema")
_WHOLE_NUMBERS = ("best_of", "top_k", "max_new_tokens", "top_n_tokens")


def read(body: bytes) -> dict[str, Any]:
    """The body's keys; a body that is JSON but not an object has none.

    Raises:
        Complaint: It is not JSON.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        text = f"Failed to parse the request body as JSON: {cause}"
        raise Complaint(400, _error(text)) from cause
    return content if isinstance(content, dict) else {}


def check_inputs(content: Mapping[str, Any], size: int) -> None:
    """Checks an `inputs` body of so many bytes.

    Raises:
        Complaint: In TGI's words.
    """
    if not isinstance(content.get("inputs"), str):
        misfit(f"missing field `inputs` at line 1 column {size}")
    parameters = content.get("parameters") or {}
    if not isinstance(parameters, dict):
        misfit("parameters: invalid type, expected struct GenerateParameters")
    if not content["inputs"]:
        refuse("`inputs` cannot be empty")
    _check_parameters(parameters)


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    for name, (accepts, text) in _LIMITS.items():
        value = parameters.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            misfit(f"parameters.{name}: invalid type, expected a number")
        if name in _WHOLE_NUMBERS and not isinstance(value, int):
            misfit(f"parameters.{name}: invalid type, expected an integer")
        if not accepts(value):
            refuse(f"`{name}` {text}")
    _check_stops(parameters.get("stop"))
    _check_grammar(parameters.get("grammar"))


def _check_stops(stops: Any) -> None:
    if stops is None:
        return
    if not isinstance(stops, list):
        misfit("parameters.stop: invalid type, expected a sequence")
    if not all(isinstance(stop, str) for stop in stops):
        misfit("parameters.stop: invalid type, expected a string")
    if len(stops) > _STOP_LIMIT:
        refuse(f"`stop` supports up to {_STOP_LIMIT} stop sequences. Given: {len(stops)}")


def _check_grammar(grammar: Any) -> None:
    if grammar is None:
        return
    if not isinstance(grammar, dict):
        misfit("parameters.grammar: invalid type, expected internally tagged enum GrammarType")
    if grammar.get("type") not in _GRAMMARS:
        misfit(
            "parameters.grammar: unknown variant, expected one of `json`, `regex`, `json_schema`"
        )
    if "value" not in grammar:
        misfit("parameters.grammar: missing field `value`")
    if grammar["type"] == "json" and not isinstance(grammar["value"], dict):
        refuse("Grammar must be a JSON schema, which is an object")


def _positive(value: float) -> bool:
    return value > 0


#: What TGI accepts, and what it says when it does not.
_LIMITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "best_of": (lambda value: 0 < value <= _BEST_OF_LIMIT, f"must be > 0 and <= {_BEST_OF_LIMIT}"),
    "temperature": (_positive, "must be strictly positive"),
    "repetition_penalty": (_positive, "must be strictly positive"),
    "frequency_penalty": (lambda value: -2 <= value <= 2, "must be >= -2.0 and <= 2.0"),  # noqa: PLR2004  # TGI's range
    "top_k": (_positive, "must be strictly positive"),
    "top_p": (lambda value: 0 < value <= 1, "must be > 0.0 and < 1.0"),
    "typical_p": (lambda value: 0 < value <= 1, "must be > 0.0 and < 1.0"),
    "max_new_tokens": (_positive, "must be strictly positive"),
    "top_n_tokens": (lambda value: 0 <= value <= 5, "must be >= 0 and <= 5"),  # noqa: PLR2004  # TGI's default limit
}


def refuse(text: str) -> NoReturn:
    """Refuses a value."""
    raise Complaint(422, _error(f"Input validation error: {text}"))


def misfit(text: str) -> NoReturn:
    """Refuses a body that has another form."""
    prefix = "Failed to deserialize the JSON body into the target type: "
    raise Complaint(422, _error(prefix + text))


def _error(text: str) -> dict[str, str]:
    return {"error": text, "error_type": "validation"}
