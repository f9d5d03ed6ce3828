"""The canonical request of Signature Version 4: pure text, no keys, no clock.

Source: AWS's "Create a signed AWS API request". The path is encoded twice, as for every service
but S3: once by the client on the wire, once more here.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote_to_bytes


@dataclass(frozen=True, kw_only=True)
class SignedRequest:
    """A request as it came over the wire; header names are lower-case.

    Attributes:
        method: The HTTP method.
        raw_path: The path as sent, still percent-encoded.
        query: The query string as sent, without the question mark.
        headers: Every header, repeated ones included, in the order received.
        body: The exact bytes of the body.
    """

    method: str
    raw_path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    @cached_property
    def fields(self) -> dict[str, str]:
        """The headers as one value a name, trimmed and joined as the algorithm wants them."""
        fields: dict[str, str] = {}
        for name, value in self.headers:
            key, text = name.decode("latin-1"), " ".join(value.decode("latin-1").split())
            fields[key] = f"{fields[key]},{text}" if key in fields else text
        return fields


def canonical_request(request: SignedRequest, signed_headers: Sequence[str]) -> str:
    """The text whose hash is signed; `signed_headers` in the order the caller gave them."""
    fields = request.fields
    return "\n".join(
        (
            request.method,
            canonical_path(request.raw_path.decode("latin-1")),
            canonical_query(request.query.decode("latin-1")),
            *(f"{name}:{fields.get(name, '')}" for name in signed_headers),
            "",
            ";".join(signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def canonical_path(raw_path: str) -> str:
    """Removes empty and dot segments, then encodes what is already encoded once more."""
    kept: list[str] = []
    for segment in raw_path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(quote(segment, safe="~"))
    trailing = "/" if kept and raw_path.endswith("/") else ""
    return "/" + "/".join(kept) + trailing


def canonical_query(query: str) -> str:
    """Encodes each name and value once, then sorts the pairs."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(sorted(f"{_encoded(name)}={_encoded(value)}" for name, _, value in pairs))


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="~")
