"""A gateway with virtual keys, and what an administrator and a caller do with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from adapters.base import Json
from proxy.config.schema import ProxyConfig
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, KEY, config, served

PRICES = {"input_cost_per_token": 0.5, "output_cost_per_token": 2}


class Office:
    """The administrator's side of a served gateway."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, path: str, **body: Any) -> httpx.Response:
        """Post to a route of the administrator."""
        return await self.client.post(path, json=body)

    async def made(self, **body: Any) -> Json:
        """Make a key."""
        answer = await self.post("/key/generate", **body)
        assert answer.status_code == 200, answer.text
        made: Json = answer.json()
        return made

    async def info(self, key: str) -> Json:
        """Give what is known of a key."""
        answer = await self.client.get("/key/info", params={"key": key})
        assert answer.status_code == 200, answer.text
        info: Json = answer.json()["info"]
        return info

    async def listed(self, **query: Any) -> Json:
        """Give the list of keys."""
        listed: Json = (await self.client.get("/key/list", params=query)).json()
        return listed

    async def chat(self, key: str, model: str = "chat", **more: Any) -> httpx.Response:
        """Ask for a chat with a key."""
        return await self.client.post(
            "/v1/chat/completions", json={**CHAT, "model": model, **more}, headers=shown(key)
        )

    async def status(self, key: str) -> int:
        """Give how a key is received."""
        return (await self.client.get("/v1/models", headers=shown(key))).status_code


def shown(key: str) -> dict[str, str]:
    """Give the header that shows a key."""
    return {"authorization": f"Bearer {key}"}


def settings(database: str, **sections: Any) -> ProxyConfig:
    """Give a configuration with a database."""
    return config(general_settings={"database_url": database}, **sections)


@asynccontextmanager
async def opened(
    database: str, script: ScriptedInvoker | None = None, **sections: Any
) -> AsyncIterator[Office]:
    """Serve with a database, and give the administrator's side."""
    invoker = script or ScriptedInvoker([COMPLETION])
    async with served(invoker, settings(database, **sections), KEY) as client:
        yield Office(client)


def error_of(answer: httpx.Response) -> Json:
    """Give a reply's error."""
    error: Json = answer.json()["error"]
    return error
