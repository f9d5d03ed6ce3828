"""Signature version 4 in headers, for POST requests without a query.

Knows AWS's algorithm; refuses to know where credentials come from or how a request is sent. The
derived key is kept for as long as credentials and day stay the same, which makes it several times
faster than botocore's signer, its reference in the tests.

The algorithm: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote, urlsplit

from adapters.sagemaker.credentials import Credentials

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A URL's parts, in the form that is signed."""

    #: The `Host` header: with the port unless it is the scheme's own.
    host: str
    #: The path as it stands in the URL, encoded once more.
    canonical_path: str


def parse_address(url: str) -> Address:
    """Take a URL apart, once for each URL.

    Args:
        url: Absolute and already percent-encoded; without query, fragment, dot segments or empty
            segments (`hosts.py` sees to that).
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{parts.port}"
    return Address(host, quote(parts.path or "/", safe="/~"))


class Signer:
    """Signs for one region and service; meant for one identity, right for any."""

    def __init__(self, region: str, service: str = "sagemaker") -> None:
        self._region = region
        self._service = service
        self._second = -1
        self._stamp = ""
        self._scope = ""
        self._key_owner: tuple[str, str] | None = None
        self._key = b""

    def sign(
        self,
        credentials: Credentials,
        address: Address,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        now: float,
    ) -> dict[str, str]:
        """Give all headers to send: those given, and `Host`, `X-Amz-*` and `Authorization`.

        Every header is signed.

        Args:
            credentials: Read once, so that a refresh in between can't mix two identities.
            address: Where the request goes.
            headers: Names must be distinct in lower case; values must be printable ASCII.
            body: Exactly the bytes that are sent.
            now: Unix seconds.
        """
        if int(now) != self._second:
            self._set_time(int(now))
        sent = {"Host": address.host, "X-Amz-Date": self._stamp}
        if credentials.token:
            sent["X-Amz-Security-Token"] = credentials.token
        sent.update(headers)
        lines = sorted((name.lower(), " ".join(value.split())) for name, value in sent.items())
        names = ";".join([name for name, _ in lines])
        canonical_headers = "\n".join([f"{name}:{value}" for name, value in lines])
        canonical = (
            f"POST\n{address.canonical_path}\n\n{canonical_headers}\n\n{names}\n"
            f"{sha256(body).hexdigest()}"
        )
        digest = sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{self._stamp}\n{self._scope}\n{digest}"
        signature = hmac.digest(
            self._day_key(credentials.secret_key), text.encode(), "sha256"
        ).hex()
        sent["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{self._scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return sent

    def _set_time(self, second: int) -> None:
        self._second = second
        self._stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        self._scope = f"{self._stamp[:8]}/{self._region}/{self._service}/aws4_request"

    def _day_key(self, secret_key: str) -> bytes:
        owner = (secret_key, self._scope)
        if owner != self._key_owner:
            key = f"AWS4{secret_key}".encode()
            for part in self._scope.split("/"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key, self._key_owner = key, owner
        return self._key
