"""The errors of SageMaker's native OpenAI path, which come in OpenAI's envelope.

Knows that envelope and its codes; what the faults in it mean, `errors` and `model_error` know.
AWS documents none of it: the shapes were seen on live endpoints. An answer in another shape is read
as the other operations' answers are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from adapters.errors import GatewayError
from adapters.sagemaker import errors
from adapters.sagemaker.fault import Fault, short_name
from adapters.sagemaker.model_error import unwrap

#: AWS's own refusals: a bad name, an unknown endpoint, no capacity.
_VALIDATION: Final = "validation_error"
#: The container's error, quoted in AWS's sentence, whatever it quotes in its turn.
_MODEL: Final = "model_error"
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def translate(status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
    """Turn an answer other than 200 into an error of our tree.

    Args:
        status: The HTTP status.
        headers: Names compare without case, or are in lower case.
        body: As it came; never shown raw.
    """
    fault = errors.read(status, headers, body, streaming=False)
    said = (fault.document or {}).get("error")
    if not isinstance(said, dict):
        return errors.classify(fault)
    if said.get("code") == _MODEL:
        return unwrap({"Message": said.get("message")}, fault.retry_after)
    text = said.get("message")
    message = text if isinstance(text, str) else fault.message
    return errors.classify(replace(fault, name=_name(fault, said), message=message))


def _name(fault: Fault, said: Mapping[str, Any]) -> str:
    """Give AWS's name for a fault; empty where neither header nor envelope has one."""
    if fault.name:
        return fault.name
    code = said.get("code")
    if code == _VALIDATION:
        return "ValidationError"
    return short_name(code) if fault.status in _REFUSED else ""
