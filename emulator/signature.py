"""Verifies Signature Version 4 as SageMaker Runtime's front door does.

Written from AWS's published algorithm, with hashlib and hmac only; proven with boto3 as the
signer. Knows the credentials it may accept; refuses to know what is being invoked.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from emulator.canonical import SignedRequest, canonical_request
from emulator.errors import Refused, expired_token, unmodelled
from emulator.settings import Credential

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "sagemaker"
TOLERANCE = timedelta(minutes=5)
_STAMP = "%Y%m%dT%H%M%SZ"
_STAMP_FORM = re.compile(r"\d{8}T\d{6}Z")
#: Services that are one for all regions are signed for the first one.
_GLOBAL = frozenset({("iam", "us-east-1")})
_MUST_BE_SIGNED = ("x-amz-", "x-amzn-sagemaker-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who signed, for which region and for which service."""

    credential: Credential
    region: str
    service: str = SERVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """The parts of the `Authorization` header."""

    access_key: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        """The credential scope, `date/region/service/terminator`."""
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


class Verifier:
    """Checks signatures against a fixed set of credentials and regions."""

    def __init__(
        self,
        credentials: Sequence[Credential],
        regions: Sequence[str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credentials = {each.access_key: each for each in credentials}
        self._regions = frozenset(regions)
        self._clock = clock

    def verify(self, request: SignedRequest, services: Sequence[str] = (SERVICE,)) -> Identity:
        """Returns the signer of a request to one of the services.

        Raises:
            Refused: 403, with the error name and text of the first check that failed.
        """
        authorization = parse_authorization(request.fields.get("authorization"))
        stamp = _stamp(request)
        credential = self._known(authorization, request)
        self._check_scope(authorization, stamp, services)
        self._check_clock(stamp)
        _check_signed_headers(authorization, request)
        _check_signature(authorization, stamp, credential, request)
        return Identity(
            credential=credential, region=authorization.region, service=authorization.service
        )

    def _known(self, authorization: Authorization, request: SignedRequest) -> Credential:
        credential = self._credentials.get(authorization.access_key)
        token = request.fields.get("x-amz-security-token")
        if credential is None or credential.session_token != token:
            text = "The security token included in the request is invalid."
            raise unmodelled(403, "UnrecognizedClientException", text)
        if credential.expired:
            raise expired_token()
        return credential

    def _check_scope(
        self, authorization: Authorization, stamp: str, services: Sequence[str]
    ) -> None:
        scope = (authorization.service, authorization.region)
        if authorization.region not in self._regions and scope not in _GLOBAL:
            raise _invalid(
                f"Credential should be scoped to a valid region, not '{authorization.region}'. "
            )
        if authorization.service not in services:
            raise _invalid(f"Credential should be scoped to correct service: '{services[0]}'. ")
        if authorization.terminator != "aws4_request":
            raise _invalid(
                "Credential should be scoped with a valid terminator: 'aws4_request', "
                f"not '{authorization.terminator}'. "
            )
        if authorization.date != stamp[:8]:
            raise _invalid(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                f"from HTTP: '{authorization.date}' != '{stamp[:8]}', from '{stamp}'."
            )

    def _check_clock(self, stamp: str) -> None:
        now = self._clock()
        signed = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
        earliest, latest = now - TOLERANCE, now + TOLERANCE
        if signed < earliest:
            raise _invalid(
                f"Signature expired: {stamp} is now earlier than {earliest:{_STAMP}} "
                f"({now:{_STAMP}} - 5 min.)"
            )
        if signed > latest:
            raise _invalid(
                f"Signature not yet current: {stamp} is still later than {latest:{_STAMP}} "
                f"({now:{_STAMP}} + 5 min.)"
            )


def parse_authorization(header: str | None) -> Authorization:
    """Reads the `Authorization` header.

    Raises:
        Refused: 403, when it is absent or not that of Signature Version 4.
    """
    if not header:
        raise unmodelled(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    scheme, _, rest = header.partition(" ")
    pairs = (part.strip().partition("=") for part in rest.split(","))
    values = {name: value for name, _, value in pairs}
    missing = [
        name for name in ("Credential", "Signature", "SignedHeaders") if not values.get(name)
    ]
    credential = values.get("Credential", "").split("/")
    if scheme != ALGORITHM or missing or len(credential) != len(_CREDENTIAL_PARTS):
        raise _incomplete(header, missing)
    return Authorization(
        **dict(zip(_CREDENTIAL_PARTS, credential, strict=True)),
        signed_headers=tuple(values["SignedHeaders"].split(";")),
        signature=values["Signature"],
    )


def _stamp(request: SignedRequest) -> str:
    stamp = request.fields.get("x-amz-date", "")
    if not _STAMP_FORM.fullmatch(stamp):
        text = (
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
        raise unmodelled(403, "IncompleteSignature", text)
    return stamp


def _check_signed_headers(authorization: Authorization, request: SignedRequest) -> None:
    signed = set(authorization.signed_headers)
    if "host" not in signed:
        raise _invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    for name in request.fields:
        if name.startswith(_MUST_BE_SIGNED) and name not in signed:
            raise _invalid(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")


def _check_signature(
    authorization: Authorization, stamp: str, credential: Credential, request: SignedRequest
) -> None:
    canonical = canonical_request(request, authorization.signed_headers)
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    to_sign = f"{ALGORITHM}\n{stamp}\n{authorization.scope}\n{digest}"
    key = signing_key(
        credential.secret_key.get_secret_value(),
        authorization.date,
        authorization.region,
        authorization.service,
    )
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method. Consult the service documentation for "
            "details.\n\nThe Canonical String for this request should have been\n"
            f"'{canonical}'\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
        )


@lru_cache(maxsize=64)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Derives the day's key; it depends on nothing else."""
    key = b"AWS4" + secret.encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _invalid(message: str) -> Refused:
    return unmodelled(403, "InvalidSignatureException", message)


def _incomplete(header: str, missing: Sequence[str]) -> Refused:
    needs = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
    shown = base64.b64encode(hashlib.sha256(header.encode("latin-1")).digest()).decode()
    text = f"{needs} (Hashed with SHA-256 and encoded with Base64) Authorization={shown}"
    return unmodelled(403, "IncompleteSignature", text.lstrip())


_CREDENTIAL_PARTS = ("access_key", "date", "region", "service", "terminator")
