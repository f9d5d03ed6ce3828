"""Whether a request carries AWS's signature, version 4, made with a known secret.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<scope>[^,]+),\s*"
    r"SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


def is_signed(
    secrets: Mapping[str, str], method: str, path: str, headers: Mapping[str, str], body: bytes
) -> bool:
    """Whether one of the secrets, by access key id, has signed these very bytes.

    Args:
        secrets: The secrets by access key id.
        method: The HTTP method.
        path: The path, without a query; its parts need no encoding.
        headers: With names in lower case.
        body: The whole body.
    """
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if found is None or found["id"] not in secrets:
        return False
    names = found["headers"].split(";")
    lines = "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in names)
    digest = sha256(body).hexdigest()
    request = f"{method}\n{path}\n\n{lines}\n{found['headers']}\n{digest}"
    date = headers.get("x-amz-date", "")
    text = f"AWS4-HMAC-SHA256\n{date}\n{found['scope']}\n{sha256(request.encode()).hexdigest()}"
    expected = _mac(_key(secrets[found["id"]], found["scope"]), text).hex()
    return hmac.compare_digest(expected, found["signature"])


@lru_cache(maxsize=16)
def _key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
