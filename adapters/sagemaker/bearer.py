"""Bearer tokens for SageMaker's native OpenAI path: minted here, without a call to AWS.

Knows the recipe (a URL presigned with signature version 4, in base64) and how long a token is kept.
Refuses to know where credentials come from and how a request is sent. A token is a credential: no
text of an object here shows one.

The recipe is AWS's own token generator's, as Bedrock documents it for its service:
https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-generate.html
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from hmac import digest
from typing import Final
from urllib.parse import quote

from adapters.sagemaker.credentials import Credentials
from adapters.value import value

#: The longest life that AWS allows, in seconds.
MAX_SECONDS: Final = 43_200
#: The life of the tokens that are sent, and for how long each is used.
LIFE_SECONDS: Final = 900
KEPT_SECONDS: Final = 300

_HOST: Final = "sagemaker.amazonaws.com"
_PREFIX: Final = "sagemaker-api-key-"
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_NO_BODY: Final = sha256(b"").hexdigest()


def mint_token(credentials: Credentials, region: str, now: float, seconds: int) -> str:
    """Write a token; it holds for one region, and never longer than the credentials do.

    Args:
        credentials: Read once, so that a refresh can't mix two identities.
        region: The only region that takes the token.
        now: Unix seconds.
        seconds: Its life, 1 to `MAX_SECONDS`.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(int(now)))
    scope = f"{stamp[:8]}/{region}/sagemaker/aws4_request"
    parameters = {
        "Action": "CallWithBearerToken",
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.token:
        parameters["X-Amz-Security-Token"] = credentials.token
    pairs = [f"{name}={quote(value, safe='~')}" for name, value in parameters.items()]
    canonical = f"POST\n/\n{'&'.join(sorted(pairs))}\nhost:{_HOST}\n\nhost\n{_NO_BODY}"
    text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = digest(key, part.encode(), "sha256")
    signature = digest(key, text.encode(), "sha256").hex()
    url = f"{_HOST}/?{'&'.join(pairs)}&X-Amz-Signature={signature}&Version=1"
    return _PREFIX + b64encode(url.encode()).decode()


@value(frozen=True, slots=True, eq=False, repr=False)
class BearerToken:
    """One token; only itself is equal to it."""

    text: str
    minted_at: float

    def __repr__(self) -> str:
        return "BearerToken(***)"


class BearerTokens:
    """Keeps one token for each identity and region, for a few minutes.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: dict[tuple[Credentials, str], BearerToken] = {}

    def current(self, credentials: Credentials, region: str) -> BearerToken:
        """Give the token that is kept, or a new one."""
        now = self._clock()
        token = self._kept.get((credentials, region))
        if token is None or not _is_young(token, now):
            # Credentials come and go; only here may the number of tokens grow.
            self._kept = {owner: kept for owner, kept in self._kept.items() if _is_young(kept, now)}
            text = mint_token(credentials, region, now, LIFE_SECONDS)
            token = self._kept[credentials, region] = BearerToken(text, now)
        return token

    def drop(self, refused: BearerToken) -> None:
        """Keep a token no longer; one that has taken its place already stays."""
        self._kept = {owner: kept for owner, kept in self._kept.items() if kept is not refused}


def _is_young(token: BearerToken, now: float) -> bool:
    # A clock that was set back makes a token from the future, which AWS would refuse.
    return 0 <= now - token.minted_at < KEPT_SECONDS
