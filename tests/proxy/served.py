"""The application in this process, over ASGI, with a scripted way to AWS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.base import Invoker
from adapters.credential_state import CredentialState
from adapters.sagemaker.network import Network
from adapters.sagemaker.settings import AwsSettings
from proxy.app import create_app
from proxy.building import Account, WayToAws
from proxy.config.schema import ProxyConfig
from proxy.lifecycle.plan import Plan
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.wildcards.account import ScriptedAccount

KEY = "sk-a-long-enough-key"
CHAT = {"model": "chat", "messages": [{"role": "user", "content": "Hi"}]}
TEXT = {"model": "text", "messages": [{"role": "user", "content": "Hi"}]}

#: A completion as a chat container answers it.
COMPLETION = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "whatever",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


@dataclass(frozen=True)
class ScriptedWay:
    """The way to AWS, played by one invoker for all deployments."""

    script: Invoker
    account: Account

    def invoker(self, settings: AwsSettings) -> Invoker:
        assert settings.region == "eu-west-1"
        return self.script

    def catalogue(self, settings: AwsSettings, environ: Mapping[str, str]) -> Account:
        assert settings.region == environ["AWS_REGION"]
        return self.account

    def credentials(self) -> CredentialState:
        return CredentialState()

    async def prepare(self) -> None:
        """Nothing to prepare."""


def config(**sections: Any) -> ProxyConfig:
    """Give a configuration with a chat model, a text model and the sections named."""
    models = sections.pop("model_list", None) or [
        entry("chat", "sagemaker_chat/chat-endpoint"),
        entry("text", "sagemaker/text-endpoint"),
    ]
    return ProxyConfig.model_validate({"model_list": models, **sections})


def entry(name: str, model: str, **params: Any) -> dict[str, Any]:
    """Give one entry of `model_list`."""
    return {"model_name": name, "litellm_params": {"model": model, **params}}


@asynccontextmanager
async def application(
    invoker: ScriptedInvoker | None = None,
    settings: ProxyConfig | None = None,
    master_key: str | None = None,
    *,
    account: Account | None = None,
    folder: Path | None = None,
) -> AsyncIterator[ASGIApp]:
    """Start an application for the block, and give what serves requests, as a server has it."""
    way = ScriptedWay(invoker or ScriptedInvoker(), account or ScriptedAccount())

    @asynccontextmanager
    async def open_script(_: Network) -> AsyncIterator[WayToAws]:
        yield way

    app = create_app(
        Plan(
            config=settings or config(),
            environ={"AWS_REGION": "eu-west-1"},
            folder=folder,
            master_key=None if master_key is None else SecretStr(master_key),
        ),
        opener=open_script,
    )
    lifespan: AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)
    async with lifespan as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        yield with_state


@asynccontextmanager
async def served(
    invoker: ScriptedInvoker | None = None,
    settings: ProxyConfig | None = None,
    master_key: str | None = None,
    *,
    base_url: str = "http://localhost:4000",
    account: Account | None = None,
    shown: str | None = None,
    folder: Path | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a configuration for the block, and give a client for it.

    The client shows the master key, or another one.
    """
    async with application(
        invoker, settings, master_key, account=account, folder=folder
    ) as with_state:
        transport = httpx.ASGITransport(app=with_state)
        key = shown or master_key
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(
            transport=transport, base_url=base_url, headers=headers
        ) as client:
            yield client
