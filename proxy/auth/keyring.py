"""Who calls: keys against the presented one, or the loopback rule where no key is configured.

Knows SHA-256 digests of keys, never keys: whole digests are compared and looked up, so that the
time this takes says nothing about a key, and no two keys are ever taken for each other. Decides
from the ASGI scope alone, so that every way into the gateway can ask the same question.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, Protocol

from pydantic import SecretStr
from starlette.types import Scope

from adapters.errors import AuthenticationFailed, InvalidRequest, PermissionDenied
from proxy.auth.caller import Caller

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


ANONYMOUS: Final = Caller("anonymous")
ADMIN: Final = Caller("admin", is_admin=True)
#: Names that say who calls without a key of their own; no key has them.
RESERVED: Final = frozenset({ANONYMOUS.alias, ADMIN.alias})


class KeyTable(Protocol):
    """Keys that come and go while the gateway runs."""

    def find(self, digest: bytes) -> Caller | None:
        """Give whose key has this digest, as far as is known; never waits."""
        ...

    async def catch_up(self) -> None:
        """Learn of keys that were made elsewhere; never fails."""
        ...


class Keyring:
    """Decides who a request comes from.

    Args:
        master_key: The administrator's key; None where none is configured.
        keys: The configuration's keys, by their digests.
        table: Keys that come and go.
        header: A further header that may carry a key.
        public_paths: Paths that need no key beside the routes that are public anyway.
        any_host: Without a key, take requests for any Host: the operator's explicit permission.
    """

    def __init__(
        self,
        master_key: SecretStr | None = None,
        *,
        keys: Mapping[bytes, Caller] = MappingProxyType({}),
        table: KeyTable | None = None,
        header: str | None = None,
        public_paths: Iterable[str] = (),
        any_host: bool = False,
    ) -> None:
        self._master = None if master_key is None else digest_of(master_key.get_secret_value())
        self._keys = dict(keys)
        self._table = table
        own = () if header is None else (header.lower().encode(),)
        self._headers = (*own, *_KEY_HEADERS)
        self._public_paths = frozenset(public_paths)
        self._any_host = any_host

    @property
    def key_required(self) -> bool:
        """Whether callers need a key."""
        return bool(self._master or self._keys or self._table)

    async def authenticate(self, scope: Scope, access: Access) -> Caller:
        """Tell who calls, or refuse; waits only for a key that nobody here knows yet.

        Raises:
            AuthenticationFailed: no key, or none of ours, or one that is none any more.
            PermissionDenied: a key that is not the administrator's where that is asked for, or,
                without a configured key, a request from elsewhere than this machine.
            InvalidRequest: without a configured key, a body that a web page's form could have sent.
        """
        if access is Access.PUBLIC:
            return ANONYMOUS
        if not self.key_required:
            self._check_local(scope, access)
            return ANONYMOUS
        if access is not Access.ADMIN and scope["path"] in self._public_paths:
            return ANONYMOUS
        caller = await self._whose(digest_of(self._presented(scope)))
        if access is Access.ADMIN and not caller.is_admin:
            raise PermissionDenied("Only the master key may do this.", code="admin_only")
        return caller

    async def _whose(self, digest: bytes) -> Caller:
        if self._master is not None and hmac.compare_digest(digest, self._master):
            return ADMIN
        caller = self._keys.get(digest)
        if caller is None and self._table is not None:
            caller = await _found(self._table, digest)
        if caller is None:
            raise AuthenticationFailed("The API key is not valid.")
        caller.check_valid()
        return caller

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


async def _found(table: KeyTable, digest: bytes) -> Caller | None:
    caller = table.find(digest)
    if caller is None:
        await table.catch_up()
        caller = table.find(digest)
    return caller


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


def digest_of(key: bytes | str) -> bytes:
    """Give what is known of a key: all 32 bytes of its SHA-256."""
    return hashlib.sha256(key.encode() if isinstance(key, str) else key).digest()
