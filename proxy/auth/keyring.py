"""Who calls: keys against the presented one, or the loopback rule where no key is configured.

Knows hashes of keys, never keys. Decides from the ASGI scope alone, so that every way into the
gateway can ask the same question.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pydantic import SecretStr
from starlette.types import Scope

from adapters.errors import AuthenticationFailed, InvalidRequest, PermissionDenied

#: Headers that may carry a key, the first one present decides; a configured one goes before them.
_KEY_HEADERS: Final = (b"x-litellm-api-key", b"authorization", b"x-api-key", b"api-key")
_BEARER: Final = b"bearer "
_LOCAL_HOST: Final = re.compile(
    rb"(localhost|127(\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])(:\d{1,5})?", re.IGNORECASE
)


class Access(Enum):
    """What a route asks of its caller."""

    PUBLIC = "public"
    CALLER = "caller"
    #: The master key, also where a path is public; without a configured one, this machine.
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: `alias` is a name for logs, never a key."""

    alias: str


ANONYMOUS: Final = Caller("anonymous")
ADMIN: Final = Caller("admin")


class Keyring:
    """Decides who a request comes from.

    Args:
        master_key: The administrator's key; None where none is configured.
        header: A further header that may carry a key.
        public_paths: Paths that need no key beside the routes that are public anyway.
        any_host: Without a key, take requests for any Host: the operator's explicit permission.
    """

    def __init__(
        self,
        master_key: SecretStr | None = None,
        *,
        header: str | None = None,
        public_paths: Iterable[str] = (),
        any_host: bool = False,
    ) -> None:
        self._digest = (
            None if master_key is None else _digest(master_key.get_secret_value().encode())
        )
        own = () if header is None else (header.lower().encode(),)
        self._headers = (*own, *_KEY_HEADERS)
        self._public_paths = frozenset(public_paths)
        self._any_host = any_host

    @property
    def key_required(self) -> bool:
        """Whether callers need a key."""
        return self._digest is not None

    def authenticate(self, scope: Scope, access: Access) -> Caller:
        """Tell who calls, or refuse.

        Raises:
            AuthenticationFailed: no key, or not ours.
            PermissionDenied: without a configured key, a request from elsewhere than this machine.
            InvalidRequest: without a configured key, a body that a web page's form could have sent.
        """
        if access is Access.PUBLIC:
            return ANONYMOUS
        if self._digest is None:
            self._check_local(scope, access)
            return ANONYMOUS
        if access is not Access.ADMIN and scope["path"] in self._public_paths:
            return ANONYMOUS
        if not hmac.compare_digest(_digest(self._presented(scope)), self._digest):
            raise AuthenticationFailed("The API key is not valid.")
        return ADMIN

    def _presented(self, scope: Scope) -> bytes:
        """Give the key of the first header that may carry one."""
        for name in self._headers:
            values = [value for header, value in scope["headers"] if header == name]
            if len(values) > 1:
                raise AuthenticationFailed(f"The header '{name.decode()}' is there twice.")
            if values:
                return _key(name, values[0])
        raise AuthenticationFailed(
            "No API key was given: send it as 'Authorization: Bearer <key>'."
        )

    def _check_local(self, scope: Scope, access: Access) -> None:
        """Keep web pages out: by DNS rebinding they know another Host, by forms no JSON."""
        if self._any_host and access is Access.ADMIN:
            raise PermissionDenied("This needs a master key, and none is configured.")
        if not self._any_host and not _LOCAL_HOST.fullmatch(_only(scope, b"host")):
            raise PermissionDenied(
                "Without a configured key only requests whose Host is this machine (localhost, "
                "127.0.0.1) are answered; a gateway with a master key answers under any name."
            )
        if scope["method"] == "POST":
            kind = _only(scope, b"content-type").partition(b";")[0].strip().lower()
            if kind != b"application/json":
                raise InvalidRequest(
                    "The request needs the header 'Content-Type: application/json'.",
                    param="Content-Type",
                    status=415,
                )


def _only(scope: Scope, name: bytes) -> bytes:
    """Give a header's value; nothing where it is missing, or there twice."""
    values = [value for header, value in scope["headers"] if header == name]
    return values[0] if len(values) == 1 else b""


def _key(name: bytes, value: bytes) -> bytes:
    if value[: len(_BEARER)].lower() == _BEARER:
        return value[len(_BEARER) :].strip()
    if name == b"authorization":
        raise AuthenticationFailed("The Authorization header must be 'Bearer <key>'.")
    return value.strip()


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
