"""Signature version 4 in headers, for POST requests without a query.

Knows AWS's algorithm; refuses to know where credentials come from or how a request is sent. What is
the same for many requests is written once, and the derived key is kept for as long as credentials
and day stay the same, which makes it several times faster than botocore's signer, its reference in
the tests.

The algorithm: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlsplit

from adapters.base import Header
from adapters.sagemaker.credentials import Credentials
from adapters.sagemaker.header_lines import has_lines, header_lines
from adapters.value import value

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_DATE: Final = "X-Amz-Date"
_TOKEN: Final = "X-Amz-Security-Token"  # noqa: S105 - a header's name
#: HMAC's block and its two paddings (RFC 2104).
_BLOCK: Final = 64
_INNER: Final = bytes(each ^ 0x36 for each in range(256))
_OUTER: Final = bytes(each ^ 0x5C for each in range(256))


@value(frozen=True, slots=True, kw_only=True)
class Address:
    """A URL's parts: where it leads, what is sent, and the form of that which is signed."""

    scheme: str
    #: In lower case; an IPv6 address has no brackets here.
    name: str
    port: int
    #: The `Host` header: with the port unless it is the scheme's own.
    host: str
    #: As it stands in the URL.
    path: str
    #: The same, encoded once more.
    canonical_path: str


def parse_address(url: str) -> Address:
    """Take a URL apart, once for each URL.

    Args:
        url: Absolute and already percent-encoded; without query, fragment, dot segments or empty
            segments (`hosts.py` sees to that).
    """
    parts = urlsplit(url)
    name, usual = parts.hostname or "", _DEFAULT_PORTS[parts.scheme]
    port, path = usual if parts.port is None else parts.port, parts.path or "/"
    host = f"[{name}]" if ":" in name else name
    return Address(
        scheme=parts.scheme,
        name=name,
        port=port,
        host=host if port == usual else f"{host}:{port}",
        path=path,
        canonical_path=quote(path, safe="/~"),
    )


@value(frozen=True, slots=True)
class _Form:
    """Requests with the same headers, to be filled with some headers' values by their names."""

    #: What is signed, up to the body's hash.
    canonical: str
    #: The header lines that are sent, up to `Authorization`.
    lines: str
    #: How many these are.
    count: int
    #: `Authorization`, up to the signature.
    proof: str


class Outline:
    """What many requests have in common: where they go, and the headers that never vary.

    Args:
        address: Where they go.
        headers: Their names must be distinct in lower case; values must be printable ASCII.
    """

    def __init__(self, address: Address, headers: Iterable[Header]) -> None:
        self._address = address
        self._headers = tuple(headers)

    def written(
        self, further: Iterable[Header], varying: Iterable[str]
    ) -> tuple[list[Header], str, str]:
        """Write what is sent and what is signed, with slots for headers' values by their names.

        Args:
            further: Headers that do not vary either.
            varying: The names of those that do.

        Returns:
            The headers that are sent; what is signed, up to the body's hash; the signed names.
        """
        constant = [(name, value.replace("%", "%%")) for name, value in (*further, *self._headers)]
        sent = [*constant, *[(name, f"%({name})s") for name in varying]]
        signed = sorted(
            (name.lower(), _even(value)) for name, value in [("Host", self._address.host), *sent]
        )
        names = ";".join([name for name, _ in signed])
        block = "\n".join([f"{name}:{value}" for name, value in signed])
        path = self._address.canonical_path.replace("%", "%%")
        return sent, f"POST\n{path}\n\n{block}\n\n{names}\n", names


class Signer:
    """Signs for one region and service; meant for one identity, right for any."""

    def __init__(self, region: str, service: str = "sagemaker") -> None:
        self._region = region
        self._service = service
        self._second = -1
        self._credentials: Credentials | None = None
        self._stamp = ""
        self._scope = ""
        #: What is signed, up to the request's own hash.
        self._statement = ""
        #: Of the current second and credentials, by outline and the names of the headers that vary.
        self._forms: dict[tuple[object, ...], _Form] = {}
        self._key_owner: tuple[str, str] | None = None
        self._keyed = sha256(), sha256()

    def sign(
        self,
        credentials: Credentials,
        outline: Outline,
        headers: Iterable[Header],
        body: bytes,
        now: float,
    ) -> str:
        """Give the header lines to send: the outline's, those given, `X-Amz-*`, `Authorization`.

        Every header is signed, and `Host`, which the transport sends.

        Args:
            credentials: Read once, so that a refresh in between can't mix two identities.
            outline: What is the same as in other requests.
            headers: Those that are not; the same holds for them as for the outline's.
            body: Exactly the bytes that are sent.
            now: Unix seconds.

        Raises:
            ValueError: a header is more than one line.
        """
        if int(now) != self._second or credentials is not self._credentials:
            self._begin(int(now), credentials)
        varying = dict(headers)
        form = self._forms.get((outline, *varying)) or self._form(credentials, outline, *varying)
        signed = {name: _even(value) for name, value in varying.items()}
        canonical = form.canonical % signed + sha256(body).hexdigest()
        text = self._statement + sha256(canonical.encode()).hexdigest()
        signature = self._keyed_hash(credentials.secret_key, text.encode())
        lines = form.lines % varying
        if not has_lines(lines, form.count):
            raise ValueError("a header is more than one line")
        return f"{lines}{form.proof}{signature}\r\n"

    def _begin(self, second: int, credentials: Credentials) -> None:
        self._second, self._credentials = second, credentials
        self._stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        self._scope = f"{self._stamp[:8]}/{self._region}/{self._service}/aws4_request"
        self._statement = f"AWS4-HMAC-SHA256\n{self._stamp}\n{self._scope}\n"
        self._forms = {}

    def _form(self, credentials: Credentials, outline: Outline, *varying: str) -> _Form:
        """Write what requests of the same second have in common."""
        own = [(_DATE, self._stamp)]
        if credentials.token:
            own.append((_TOKEN, credentials.token))
        sent, signed, names = outline.written(own, varying)
        scope = f"Credential={credentials.access_key}/{self._scope}"
        form = self._forms[(outline, *varying)] = _Form(
            canonical=signed,
            lines=header_lines(sent),
            count=len(sent),
            proof=f"Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders={names}, Signature=",
        )
        return form

    def _keyed_hash(self, secret_key: str, text: bytes) -> str:
        """Give the HMAC by the day's key, whose own two blocks are hashed once a day."""
        if (secret_key, self._scope) != self._key_owner:
            key = self._day_key(secret_key).ljust(_BLOCK, b"\0")
            self._keyed = sha256(key.translate(_INNER)), sha256(key.translate(_OUTER))
            self._key_owner = (secret_key, self._scope)
        inner, outer = self._keyed[0].copy(), self._keyed[1].copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.hexdigest()

    def _day_key(self, secret_key: str) -> bytes:
        key = f"AWS4{secret_key}".encode()
        for part in self._scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key


def _even(value: str) -> str:
    """Give a header's value as it is signed: one space between words, and none around them."""
    return " ".join(value.split())
