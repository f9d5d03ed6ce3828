"""What an administrator and callers do with keys, over HTTP."""

from typing import Any

import httpx

from tests.live.gateway import HELLO, Gateway, Json
from tests.live.leaks import MASTER_KEY

#: Seconds until what one process has changed is true in all of them, as the page promises.
BOUND = 1.0


def general(database: str) -> dict[str, Any]:
    """The general settings with a database."""
    return {"master_key": MASTER_KEY, "database_url": database}


def shown(key: str) -> dict[str, str]:
    """The header that shows a key."""
    return {"authorization": f"Bearer {key}"}


class Counter:
    """A gateway's administrator."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def post(self, path: str, **body: Any) -> httpx.Response:
        """Posts to a route of the administrator."""
        return httpx.post(
            f"{self._gateway.url}{path}", json=body, headers=shown(MASTER_KEY), trust_env=False
        )

    def get(self, path: str, **query: Any) -> Any:
        """Gets a route of the administrator."""
        answer = httpx.get(
            f"{self._gateway.url}{path}", params=query, headers=shown(MASTER_KEY), trust_env=False
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def made(self, **body: Any) -> Json:
        """Makes a key."""
        answer = self.post("/key/generate", **body)
        assert answer.status_code == 200, answer.text
        made: Json = answer.json()
        return made

    def ask(self, key: str, model: str = "chat", **more: Any) -> httpx.Response:
        """Asks for a chat, over a connection of its own: any worker may answer."""
        body = {"model": model, "messages": HELLO, **more}
        url = f"{self._gateway.url}/v1/chat/completions"
        return httpx.post(url, json=body, headers=shown(key), trust_env=False, timeout=30)

    def statuses(self, key: str, times: int = 12) -> set[int]:
        """How a key is received, over so many connections."""
        url = f"{self._gateway.url}/v1/models"
        return {
            httpx.get(url, headers=shown(key), trust_env=False).status_code for _ in range(times)
        }
