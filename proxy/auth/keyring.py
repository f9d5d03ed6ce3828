"""Who calls: keys against the presented one, or the loopback rule where no key is configured.

Knows SHA-256 digests of keys, never keys: whole digests are compared and looked up, so that the
time this takes says nothing about a key, and no two keys are ever taken for each other. Decides
from the ASGI scope alone, so that every way into the gateway can ask the same question.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from pydantic import SecretStr
from starlette.types import Scope

from adapters.errors import AuthenticationFailed, InvalidRequest, PermissionDenied
from proxy.auth.caller import Caller
from proxy.auth.route_rules import Access, RouteRules

#: Headers that may carry a key, the first one present decides; a configured one goes before them.
_KEY_HEADERS: Final = (b"x-litellm-api-key", b"authorization", b"x-api-key", b"api-key")
_BEARER: Final = b"bearer "
_LOCAL_HOST: Final = re.compile(
    rb"(localhost|127(\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])(:\d{1,5})?", re.IGNORECASE
)


ANONYMOUS: Final = Caller("anonymous")
ADMIN: Final = Caller("admin", is_admin=True)
_NO_RULES: Final = RouteRules()
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


class Voucher(Protocol):
    """Somebody who knows keys that are written down nowhere here."""

    async def whose(self, key: bytes, scope: Scope) -> Caller | None:
        """Give whose key this is; None where it is of no kind that is known here.

        Raises:
            AuthenticationFailed: it is of that kind, and not good.
            Overloaded: nobody can tell now.
        """
        ...


class Keyring:
    """Decides who a request comes from.

    Args:
        master_key: The administrator's key; None where none is configured.
        keys: The configuration's keys, by their digests.
        table: Keys that come and go.
        vouchers: Asked, in order, about keys that are none of these.
        header: A further header that may carry a key.
        rules: The operator's for routes.
        public_paths: Paths that need no key beside the routes that are public anyway.
        any_host: Without a key, take requests for any Host: the operator's explicit permission.
    """

    def __init__(
        self,
        master_key: SecretStr | None = None,
        *,
        keys: Mapping[bytes, Caller] = MappingProxyType({}),
        table: KeyTable | None = None,
        vouchers: Sequence[Voucher] = (),
        header: str | None = None,
        rules: RouteRules = _NO_RULES,
        public_paths: Iterable[str] = (),
        any_host: bool = False,
    ) -> None:
        self._master = None if master_key is None else digest_of(master_key.get_secret_value())
        self._keys = dict(keys)
        self._table = table
        self._vouchers = tuple(vouchers)
        self._rules = rules
        own = () if header is None else (header.lower().encode(),)
        self._headers = (*own, *_KEY_HEADERS)
        self._public_paths = frozenset(public_paths)
        self._any_host = any_host
        #: Whether callers need a key.
        self.key_required = bool(self._master or self._keys or self._table or self._vouchers)

    async def authenticate(self, scope: Scope, access: Access, paths: tuple[str, ...]) -> Caller:
        """Tell who calls, or refuse; waits only for a key that nobody here knows yet.

        Args:
            scope: The request.
            access: What its route asks of the caller.
            paths: All forms of the route's path.

        Raises:
            AuthenticationFailed: no key, or none of ours, or one that is none any more.
            PermissionDenied: a key that is not for the route, or, without a configured key, a
                request from elsewhere than this machine.
            InvalidRequest: without a configured key, a body that a web page's form could have sent.
        """
        if access is Access.PUBLIC:
            return ANONYMOUS
        asks = self._rules.access(access, paths)
        if not self.key_required:
            self._check_local(scope, asks)
            caller = ANONYMOUS
        elif asks is not Access.ADMIN and scope["path"] in self._public_paths:
            caller = ANONYMOUS
        else:
            key = self._presented(scope)
            digest = digest_of(key)
            caller = self._known(digest) or await self._strangers(key, digest, scope)
            caller.check_valid()
            if not caller.is_admin:
                _check_route(caller, asks, paths)
        self._rules.check(paths)
        return caller

    def _known(self, digest: bytes) -> Caller | None:
        """Give whose key this is, as far as that is in memory."""
        if self._master is not None and hmac.compare_digest(digest, self._master):
            return ADMIN
        caller = self._keys.get(digest)
        if caller is None and self._table is not None:
            caller = self._table.find(digest)
        return caller

    async def _strangers(self, key: bytes, digest: bytes, scope: Scope) -> Caller:
        """Ask who a key is from that nobody in memory knows; what was made elsewhere comes last."""
        refusal = AuthenticationFailed("The API key is not valid.")
        for voucher in self._vouchers:
            try:
                caller = await voucher.whose(key, scope)
            except AuthenticationFailed as error:
                refusal = error
                break
            if caller is not None:
                return caller
        if self._table is not None:
            await self._table.catch_up()
            caller = self._table.find(digest)
            if caller is not None:
                return caller
        raise refusal

    def _presented(self, scope: Scope) -> bytes:
        """Give the key of the first header that may carry one."""
        headers = scope["headers"]
        values = dict(headers)
        for name in self._headers:
            if name not in values:
                continue
            # only where some header is there twice it may be this one
            if len(values) < len(headers) and [each for each, _ in headers].count(name) > 1:
                raise AuthenticationFailed(f"The header '{name.decode()}' is there twice.")
            return _key(name, values[name])
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


def _check_route(caller: Caller, access: Access, paths: tuple[str, ...]) -> None:
    if access is Access.ADMIN or (access is Access.NAMED and caller.named.isdisjoint(paths)):
        raise PermissionDenied("Only the master key may do this.", code="admin_only")
    caller.check_route(paths)


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
