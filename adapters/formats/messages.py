"""The Messages API: OpenAI chat as vLLM, SGLang, TGI and LMI serve it; prompts become messages."""

from __future__ import annotations

from adapters.base import Format
from adapters.passthrough.bridge import CompletionOverChat
from adapters.passthrough.chat import PassThroughChat

_CHAT = PassThroughChat()

FORMAT = Format(name="messages", chat=_CHAT, completion=CompletionOverChat(_CHAT))
