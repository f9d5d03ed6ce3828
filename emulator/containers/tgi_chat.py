"""Chat and completions of Text Generation Inference: OpenAI's bodies, refused in TGI's words.

Streams of releases before 3 have the quirks of `old_chat`. The answers are otherwise `chat`'s
and `completions`'.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from emulator.containers import tgi_request
from emulator.containers.base import Answer, Complaint
from emulator.containers.chat import Chat
from emulator.containers.completions import Completions
from emulator.containers.framing import openai_framed
from emulator.containers.old_chat import tgi_chunks
from emulator.endpoints import TgiEndpoint


class TgiChat:
    """The OpenAI side of a `tgi` endpoint."""

    def __init__(self, settings: TgiEndpoint) -> None:
        self._chat = Chat(settings.openai())
        self._completions = Completions(settings.openai())
        self._is_old = settings.flavour == "messages"
        self._streams = not settings.whole_document

    def chat(self, content: Mapping[str, Any], component: str) -> Answer:
        """Answers a `messages` body.

        Raises:
            Complaint: In TGI's words.
        """
        try:
            if self._is_old and self._streams and content.get("stream"):
                return openai_framed(tgi_chunks(self._chat.chunks(content, component)), "sse")
            return self._chat.answer(content, component)
        except Complaint as complaint:
            _refuse(complaint)

    def completion(self, content: Mapping[str, Any], component: str) -> Answer:
        """Answers a `prompt` body; TGI takes texts, not token ids.

        Raises:
            Complaint: In TGI's words.
        """
        prompt = content["prompt"]
        texts = prompt if isinstance(prompt, list) else [prompt]
        if not all(isinstance(text, str) for text in texts):
            tgi_request.misfit("data did not match any variant of untagged enum SagemakerRequest")
        try:
            return self._completions.answer(content, component)
        except Complaint as complaint:
            _refuse(complaint)


def _refuse(complaint: Complaint) -> NoReturn:
    tgi_request.refuse(complaint.content["error"]["message"])
