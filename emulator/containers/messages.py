"""A container with the OpenAI Messages API, such as vLLM: chat, completions and embeddings.

Knows only which key makes a body which request; the answers are those of `chat`, `completions`
and `openai_embeddings`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from emulator.containers import openai_body
from emulator.containers.base import Answer, ContainerRequest
from emulator.containers.chat import Chat
from emulator.containers.completions import Completions
from emulator.containers.openai_embeddings import OpenAIEmbeddings
from emulator.endpoints import MessagesEndpoint


class _Task(Protocol):
    """One of the things that such a container does."""

    def answer(self, content: Mapping[str, Any], component: str) -> Answer:
        """Answers a body."""
        ...


class Messages:
    """The container behind a `messages` endpoint."""

    def __init__(self, settings: MessagesEndpoint) -> None:
        self._chat = Chat(settings)
        self._tasks: dict[str, _Task] = {"messages": self._chat}
        if settings.completions:
            self._tasks["prompt"] = Completions(settings)
        if settings.embeddings:
            self._tasks["input"] = OpenAIEmbeddings(settings)

    def answer(self, request: ContainerRequest) -> Answer:
        """Answers by the first key that it knows; without one, it misses the messages."""
        content = openai_body.read(request.body)
        task = next((each for key, each in self._tasks.items() if key in content), self._chat)
        return task.answer(content, request.component)
