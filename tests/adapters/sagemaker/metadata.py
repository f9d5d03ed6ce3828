"""A container's credential service on loopback, as ECS and EKS Pod Identity have one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import web

from adapters.sagemaker.credentials import Credentials


@dataclass
class Metadata:
    """Gives numbered keys, or fails, as told; answers nobody while it is not open."""

    life: timedelta = timedelta(hours=6)
    working: bool = True
    #: What it says when it fails.
    complaint: str = "no"
    asked: int = 0
    url: str = ""
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _: web.Request) -> web.Response:
        """Answer one request for credentials."""
        await self.open.wait()
        self.asked += 1
        if not self.working:
            return web.Response(status=400, text=self.complaint)
        expiry = datetime.now(UTC) + self.life
        return web.json_response(
            {
                "AccessKeyId": f"ASIA{self.asked}",
                "SecretAccessKey": f"secret {self.asked}",
                "Token": f"token {self.asked}",
                "Expiration": expiry.isoformat(),
            }
        )


def triple(number: int) -> Credentials:
    """Give the credentials of the service's n-th answer."""
    return Credentials(f"ASIA{number}", f"secret {number}", f"token {number}")


@asynccontextmanager
async def serve_metadata() -> AsyncIterator[Metadata]:
    """Run the service, open and working."""
    service = Metadata()
    service.open.set()
    app = web.Application()
    app.router.add_get("/", service.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield service
    finally:
        await runner.cleanup()
