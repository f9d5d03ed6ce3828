"""An Amazon Nova container: OpenAI's bodies without a model, and with the documented keys only.

The texts of its refusals are not documented; they are those of the server that it resembles.

Source: the API reference of Amazon Nova inference on SageMaker.
"""

from collections.abc import Mapping
from typing import Any

from emulator.containers import openai_body
from emulator.containers.base import Answer, ContainerRequest
from emulator.containers.chat import Chat
from emulator.containers.completions import Completions
from emulator.endpoints import NovaEndpoint

_BOTH = {
    "max_tokens",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "logprobs",
    "allowed_token_ids",
    "truncate_prompt_tokens",
    "stream_options",
}
_CHAT = _BOTH | {"messages", "max_completion_tokens", "top_logprobs", "reasoning_effort"}
_TEXT = _BOTH | {"prompt"}
_EFFORTS = (None, "low", "high")


class Nova:
    """The container behind a `nova` endpoint."""

    def __init__(self, settings: NovaEndpoint) -> None:
        self._chat = Chat(settings.openai())
        self._completions = Completions(settings.openai())

    def answer(self, request: ContainerRequest) -> Answer:
        """Answers a chat body, or a text body with one prompt."""
        content = openai_body.read(request.body)
        if "prompt" in content and "messages" not in content:
            _check_text(content)
            return self._completions.answer(content, request.component)
        _check_chat(content)
        return self._chat.answer(content, request.component)


def _check_chat(content: Mapping[str, Any]) -> None:
    _check_keys(content, _CHAT)
    if content.get("reasoning_effort") not in _EFFORTS:
        text = "Input should be \\'low\\' or \\'high\\'"
        openai_body.misfit("literal_error", "reasoning_effort", text)
    if not isinstance(content.get("logprobs") or False, bool):
        openai_body.misfit("bool_type", "logprobs", "Input should be a valid boolean")


def _check_text(content: Mapping[str, Any]) -> None:
    _check_keys(content, _TEXT)
    if not isinstance(content["prompt"], str):
        openai_body.misfit("string_type", "prompt", "Input should be a valid string")


def _check_keys(content: Mapping[str, Any], known: set[str]) -> None:
    for name in content:
        if name not in known:
            openai_body.misfit("extra_forbidden", name, "Extra inputs are not permitted")
