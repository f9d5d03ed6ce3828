"""OpenAI embeddings as vLLM serves them."""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from emulator.containers import openai_body, openai_prompt
from emulator.containers.base import Answer, document
from emulator.containers.vectors import packed, vector
from emulator.endpoints import MessagesEndpoint


class OpenAIEmbeddings:
    """Answers `input` bodies."""

    def __init__(self, settings: MessagesEndpoint) -> None:
        self._settings = settings

    def answer(self, content: Mapping[str, Any], component: str) -> Answer:
        """One vector an input, in order.

        Raises:
            Complaint: In vLLM's words.
        """
        del component
        openai_body.check_model(content, self._settings.served_model)
        prompts = openai_prompt.parse(content["input"], "input")
        for prompt in prompts:
            openai_body.check_length(prompt.size, 0, self._settings.context_length)
        wide = self._dimensions(content.get("dimensions"))
        packs = _wants_base64(content.get("encoding_format"))
        rows = (vector(prompt.source, wide) for prompt in prompts)
        size = sum(prompt.size for prompt in prompts)
        return document(
            {
                "id": f"embd-{uuid.uuid4().hex}",
                "object": "list",
                "created": int(time.time()),
                "model": content.get("model") or "emulated",
                "data": [
                    {
                        "index": index,
                        "object": "embedding",
                        "embedding": packed(row) if packs else row,
                    }
                    for index, row in enumerate(rows)
                ],
                "usage": {"prompt_tokens": size, "total_tokens": size, "completion_tokens": 0},
            }
        )

    def _dimensions(self, wanted: Any) -> int:
        most = self._settings.dimensions
        if wanted is None:
            return most
        if type(wanted) is not int:
            openai_body.misfit("int_type", "dimensions", "Input should be a valid integer")
        if wanted < 1:
            openai_body.refuse("Dimensions must be greater than 0")
        if wanted > most:
            openai_body.refuse(f"dimensions must be at most {most}, got {wanted}.")
        return wanted


def _wants_base64(encoding: Any) -> bool:
    if encoding not in (None, "float", "base64"):
        text = "Input should be \\'float\\' or \\'base64\\'"
        openai_body.misfit("literal_error", "encoding_format", text)
    return bool(encoding == "base64")
