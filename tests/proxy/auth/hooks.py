"""Functions as an operator would write them for `custom_auth`."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request

GOOD = "sk-known-to-the-function"
SECRET = "words-of-the-functions-own-failure"
#: Threads that a synchronous function has run in.
THREADS: set[int] = set()
ANSWERS: dict[str, Any] = {}


class UserAPIKeyAuth(BaseModel):
    """LiteLLM's, as far as it matters: most fields are there and say nothing."""

    api_key: str | None = None
    key_alias: str | None = None
    user_id: str | None = None
    user_role: str | None = None
    models: list[str] = []
    max_budget: float | None = None
    permissions: dict[str, Any] = {}
    team_models: list[str] = []
    team_blocked: bool = False
    spend: float = 0.0
    expires: str | None = None


@dataclass
class Plain:
    """An answer that is no model."""

    key_alias: str = "plain"
    models: list[str] = field(default_factory=lambda: ["chat"])


async def known(request: Request, api_key: str) -> UserAPIKeyAuth:
    """Know one key, and an administrator's header."""
    if api_key != GOOD:
        raise PermissionError(SECRET, api_key)
    role = "proxy_admin" if request.headers.get("x-is-admin") == "yes" else "internal_user"
    return UserAPIKeyAuth(api_key=api_key, user_id="ada", user_role=role, models=["chat"])


def known_in_a_thread(request: Request, api_key: str) -> dict[str, Any]:
    """Know one key, taking a thread's time for it."""
    del request
    THREADS.add(threading.get_ident())
    if api_key != GOOD:
        raise KeyError(api_key)
    return {"key_alias": "threaded", "rpm_limit": 1}


async def answers(request: Request, api_key: str) -> Any:
    """Answer whatever the test has put there."""
    del request
    return ANSWERS[api_key]


async def never(request: Request, api_key: str) -> Any:
    """Never answer."""
    del request, api_key
    await asyncio.Event().wait()


async def reads_the_body(request: Request, api_key: str) -> Any:
    """Want what nobody has read yet."""
    del api_key
    return await request.json()


NO_FUNCTION = 7
