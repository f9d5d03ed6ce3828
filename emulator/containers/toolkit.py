"""How handlers in the Hugging Face inference toolkit fail: what their code trips over, as a 400."""

from typing import Any, NoReturn

import orjson

from emulator.containers.base import Complaint


def read(body: bytes, key: str) -> dict[str, Any]:
    """The body's keys, among them `key`.

    Raises:
        Complaint: It is no JSON object, or lacks the key.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        refuse(str(cause))
    if not isinstance(content, dict) or key not in content:
        refuse(f"'{key}'")
    return content


def refuse(text: str) -> NoReturn:
    """Refuses a body."""
    raise Complaint(400, {"code": 400, "type": "InternalServerException", "message": text})
