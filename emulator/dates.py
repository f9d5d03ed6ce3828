"""The `Date` of every answer, when AWS's clock is not this machine's."""

import time
from email.utils import formatdate

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Dated:
    """Adds the header; the server must then write none of its own."""

    def __init__(self, app: ASGIApp, clock_ahead: float) -> None:
        self._app = app
        self._ahead = clock_ahead

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with the date of that clock."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(time.time() + self._ahead, usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        await self._app(scope, receive, dated)
