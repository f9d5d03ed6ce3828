"""The operator's own function that tells who calls, as LiteLLM's `custom_auth`.

Knows how it is loaded, asked and read. Whatever goes wrong in it is a refusal that tells a client
nothing, and a line in the log that has no key and none of its words.

Source: https://docs.litellm.ai/docs/proxy/custom_auth
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.types import Scope

from adapters.errors import AuthenticationFailed, ConfigError, Overloaded
from proxy.auth.caller import Caller
from proxy.auth.custom_answer import caller_of
from proxy.auth.keyring import digest_of

_SECONDS: Final = 10.0
_PLACE: Final = ("general_settings", "custom_auth")
#: What of a request the function sees: nothing of the gateway's own.
_SHOWN: Final = (
    *("type", "asgi", "http_version", "method", "scheme", "path", "raw_path"),
    *("query_string", "root_path", "headers", "client", "server"),
)

_log = structlog.stdlib.get_logger("sagegate")


class CustomAuth:
    """Vouches for those whom the operator's function knows.

    Args:
        function: Takes `request` and `api_key`; in a thread of its own, unless it is a coroutine.
        seconds: How long it may take.
    """

    def __init__(self, function: Callable[..., Any], seconds: float = _SECONDS) -> None:
        self._function = function
        self._seconds = seconds

    async def whose(self, key: bytes, scope: Scope) -> Caller | None:
        """Give who calls.

        Raises:
            AuthenticationFailed: the function refuses the key, or fails.
            Overloaded: it takes too long.
        """
        refusal = AuthenticationFailed("The API key is not valid.")
        try:
            text = key.decode("ascii")
        except UnicodeDecodeError:
            raise refusal from None
        request = Request({name: scope[name] for name in _SHOWN if name in scope})
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(request, text)
            return caller_of(answer, digest_of(key).hex())
        except TimeoutError:
            _log.error("custom_auth.too_slow", seconds=self._seconds)
            raise Overloaded(
                "Who calls could not be found out in time.", code="auth_timeout", retry_after=1
            ) from None
        except Exception as error:  # noqa: BLE001 - somebody else's code: it may raise anything
            _log.info("custom_auth.refused", reason=type(error).__name__)
            raise refusal from None

    async def _ask(self, request: Request, key: str) -> Any:
        if inspect.iscoroutinefunction(self._function):
            return await self._function(request=request, api_key=key)
        answer = await asyncio.to_thread(self._function, request=request, api_key=key)
        return await answer if inspect.isawaitable(answer) else answer


def load_custom_auth(name: str | None, folder: Path | None) -> CustomAuth | None:
    """Load the function; None where there is to be none.

    Args:
        name: `module.function`.
        folder: The configuration file's: the module is looked for there first.

    Raises:
        ConfigError: there is no such function, or its module fails.
    """
    if name is None:
        return None
    module, _, attribute = name.rpartition(".")
    try:
        function = getattr(_module(module, folder), attribute)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"can't load {name}: {reason}", path=_PLACE) from error
    if not callable(function):
        raise ConfigError(f"{name} is no function", path=_PLACE)
    return CustomAuth(function)


def _module(name: str, folder: Path | None) -> ModuleType:
    """Load a module from a file beside the configuration, anew each time, or from Python's path."""
    path = None if folder is None else folder.joinpath(*name.split(".")).with_suffix(".py")
    if path is None or not path.is_file():
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(f"sagegate_custom_auth_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickles look themselves up
    spec.loader.exec_module(module)
    return module
