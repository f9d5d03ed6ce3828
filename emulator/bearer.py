"""Verifies the bearer tokens of the native OpenAI path: presigned URLs in base64.

Written from AWS's published algorithm for signatures in query strings; proven with botocore as the
signer. Knows the credentials it may accept; refuses to know what is being invoked.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from emulator.canonical import canonical_query
from emulator.errors import Refused, expired_token, unmodelled
from emulator.settings import Credential
from emulator.signature import ALGORITHM, SERVICE, TOLERANCE, Identity, signing_key

PREFIX = "sagemaker-api-key-"
_SCHEME = "Bearer "
_HOST = "sagemaker.amazonaws.com"
_NOT_SIGNED = ("X-Amz-Signature", "Version")
_FIXED = {
    "Action": "CallWithBearerToken",
    "Version": "1",
    "X-Amz-Algorithm": ALGORITHM,
    "X-Amz-SignedHeaders": "host",
}
_CREDENTIAL = re.compile(r"([^/]+)/(\d{8})/([^/]+)/([^/]+)/([^/]+)")
_STAMP = "%Y%m%dT%H%M%SZ"
_STAMP_FORM = re.compile(r"\d{8}T\d{6}Z")
_SECONDS = re.compile(r"\d{1,5}")
_LONGEST = 43_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The parts of a token.

    Attributes:
        access_key: Whose signature it is.
        scope: `date/region/service/terminator`.
        signed_at: `X-Amz-Date`, as it was written.
        seconds: How long it holds.
        session_token: Belongs to a temporary key.
        signature: In hexadecimal.
        signed_query: The query string without what was added after signing.
    """

    access_key: str
    scope: str
    signed_at: str
    seconds: int
    session_token: str | None
    signature: str
    signed_query: str


class BearerVerifier:
    """Checks tokens against a fixed set of credentials and regions."""

    def __init__(
        self,
        credentials: Sequence[Credential],
        regions: Sequence[str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credentials = {each.access_key: each for each in credentials}
        self._regions = frozenset(regions)
        self._clock = clock

    def verify(self, authorization: str | None) -> Identity:
        """Returns who minted the token of an `Authorization` header.

        Raises:
            Refused: 403; AWS documents none of these texts.
        """
        if not authorization:
            raise unmodelled(
                403, "MissingAuthenticationTokenException", "Missing Authentication Token"
            )
        token = parse_token(authorization)
        credential = self._credentials.get(token.access_key)
        if credential is None or credential.session_token != token.session_token:
            text = "The security token included in the request is invalid."
            raise unmodelled(403, "UnrecognizedClientException", text)
        region = self._region(token)
        _check_signature(token, credential, region)
        self._check_time(token)
        if credential.expired:
            raise expired_token()
        return Identity(credential=credential, region=region)

    def _region(self, token: Token) -> str:
        date, region, service, terminator = token.scope.split("/")
        if (date, service, terminator) != (token.signed_at[:8], SERVICE, "aws4_request"):
            raise _denied("The bearer token has a wrong scope.")
        if region not in self._regions:
            raise _denied(f"The bearer token is scoped to the region '{region}'.")
        return region

    def _check_time(self, token: Token) -> None:
        signed = datetime.strptime(token.signed_at, _STAMP).replace(tzinfo=UTC)
        now = self._clock()
        if now < signed - TOLERANCE:
            raise _denied("The bearer token is not yet valid.")
        if now >= signed + timedelta(seconds=token.seconds):
            raise _denied("The bearer token has expired.")


def parse_token(authorization: str) -> Token:
    """Reads an `Authorization` header.

    Raises:
        Refused: 403, when it has no token, or one that was not made by the recipe.
    """
    if not authorization.startswith(_SCHEME + PREFIX):
        raise _denied("The request has no bearer token: this path takes no other signature.")
    try:
        url = base64.b64decode(authorization.removeprefix(_SCHEME + PREFIX), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as cause:
        raise _malformed() from cause
    root, _, query = url.partition("?")
    pairs = [pair.partition("=")[::2] for pair in query.split("&")]
    values = {name: unquote(value) for name, value in pairs}
    credential = _CREDENTIAL.fullmatch(values.get("X-Amz-Credential", ""))
    if root != f"{_HOST}/" or len(values) != len(pairs) or credential is None:
        raise _malformed()
    if not _fits(values):
        raise _malformed()
    return Token(
        access_key=credential[1],
        scope="/".join(credential.groups()[1:]),
        signed_at=values["X-Amz-Date"],
        seconds=int(values["X-Amz-Expires"]),
        session_token=values.get("X-Amz-Security-Token"),
        signature=values.get("X-Amz-Signature", ""),
        signed_query="&".join(f"{name}={text}" for name, text in pairs if name not in _NOT_SIGNED),
    )


def without_token(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers for a journal: of a token only whose it is, for where, and for how long."""
    authorization = headers.get("authorization", "")
    if not authorization.startswith(_SCHEME):
        return dict(headers)
    try:
        token = parse_token(authorization)
    except Refused:
        shown = "Bearer ***"
    else:
        shown = f"Bearer Credential={token.access_key}/{token.scope}, Expires={token.seconds}"
    return {**headers, "authorization": shown}


def _fits(values: Mapping[str, str]) -> bool:
    seconds = values.get("X-Amz-Expires", "")
    return (
        all(values.get(name) == value for name, value in _FIXED.items())
        and _STAMP_FORM.fullmatch(values.get("X-Amz-Date", "")) is not None
        and _SECONDS.fullmatch(seconds) is not None
        and 1 <= int(seconds) <= _LONGEST
    )


def _check_signature(token: Token, credential: Credential, region: str) -> None:
    canonical = "\n".join(
        (
            "POST",
            "/",
            canonical_query(token.signed_query),
            f"host:{_HOST}",
            "",
            "host",
            hashlib.sha256(b"").hexdigest(),
        )
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{token.signed_at}\n{token.scope}\n{digest}"
    secret = credential.secret_key.get_secret_value()
    key = signing_key(secret, token.signed_at[:8], region, SERVICE)
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), token.signature.encode()):
        raise unmodelled(
            403, "InvalidSignatureException", "The bearer token's signature does not match."
        )


def _malformed() -> Refused:
    return _denied("The bearer token is malformed.")


def _denied(message: str) -> Refused:
    return unmodelled(403, "AccessDeniedException", message)
