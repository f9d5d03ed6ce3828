"""A container that is not there: every request gets the same text, and nothing is sent.

For demos and for clients' own tests: `mock_response`. Speaks OpenAI's bodies.
"""

from __future__ import annotations

import orjson

from adapters.base import Head, Json, Limits, Payload, Reply, Target, UpstreamStream
from adapters.errors import StreamingRefused


class MockInvoker:
    """Answers chats and completions with one text; an `adapters.base.Invoker`.

    Counts no tokens, so usage is estimated, and says so.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        """Give an OpenAI-shaped answer with as many choices as were asked for.

        A body begins with what it is about, whatever else a client has put into it; a completion's
        has one prompt.
        """
        del target, limits
        body: Json = orjson.loads(payload.body)
        content: Json = (
            {"message": {"role": "assistant", "content": self._text}}
            if next(iter(body)) == "messages"
            else {"text": self._text}
        )
        choices = [
            {"index": index, **content, "finish_reason": "stop"}
            for index in range(body.get("n") or 1)
        ]
        return Reply(
            head=Head(content_type="application/json"), body=orjson.dumps({"choices": choices})
        )

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> UpstreamStream:
        """Refuse: the whole answer is cut instead.

        Raises:
            StreamingRefused: always.
        """
        del target, payload, limits
        raise StreamingRefused("A mock response is not streamed.")
