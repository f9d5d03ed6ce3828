"""How the native OpenAI path words AWS's errors: in OpenAI's envelope.

Knows the shapes that were seen on live endpoints: AWS's own refusals, and a container's error in
AWS's sentence. Everything else (front door, throttling, failures) is not documented, and answered
as on the other routes.
"""

from typing import Any

import orjson

from emulator.errors import Refused

_BAD_REQUEST = 400
#: The error's name on the other routes: `type` and `code` here.
_WORDING = {
    "ValidationError": ("invalid_request_error", "validation_error"),
    "ModelError": ("server_error", "model_error"),
}


def in_envelope(refused: Refused) -> Refused:
    """The same refusal as the path answers it: always 400, and without an error header."""
    if refused.name not in _WORDING:
        return refused
    kind, code = _WORDING[refused.name]
    said: dict[str, Any] = orjson.loads(refused.body)
    error = {"message": said["Message"], "type": kind, "code": code}
    body = orjson.dumps({"error": error})
    return Refused(_BAD_REQUEST, "", body, refused.content_type, label=code)
