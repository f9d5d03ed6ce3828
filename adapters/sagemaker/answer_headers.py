"""Which headers of SageMaker's answers are for the client, and in which form.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from adapters.base import Header
from adapters.redaction import scrub

#: The container's own text.
_ATTRIBUTES: Final = "x-amzn-sagemaker-custom-attributes"
#: A session's id, the first one with the time of its end behind it.
_SESSIONS: Final = (
    "x-amzn-sagemaker-new-session-id",
    "x-amzn-sagemaker-closed-session-id",
)
_FIT: Final = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,1023}")


def messages_to_the_client(headers: Mapping[str, str]) -> tuple[Header, ...]:
    """Give what the container, or AWS, says to the client; what is no fit header is left out.

    Args:
        headers: The answer's; names compare without case.
    """
    if not (_ATTRIBUTES in headers or _SESSIONS[0] in headers or _SESSIONS[1] in headers):
        return ()
    found = [(name, headers[name]) for name in _SESSIONS if name in headers]
    if _ATTRIBUTES in headers:
        found.append((_ATTRIBUTES, scrub(headers[_ATTRIBUTES]).strip()))
    return tuple((name, value) for name, value in found if _FIT.fullmatch(value))
