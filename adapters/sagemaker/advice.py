"""What an operator can do where credentials are not to be had: one sentence for each known reason.

Knows AWS's names for the reasons. It is for the log: clients can do nothing about it.

Reasons: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from typing import Final

_NO_WAY: Final = (
    "check the way to the token service: aws_sts_endpoint, HTTPS_PROXY and NO_PROXY, a VPC endpoint"
)
_OVER: Final = (
    "what the role is assumed with is over: renew the keys, or keep the web identity's file fresh"
)
_UNKNOWN_KEYS: Final = (
    "check the keys that the role is assumed with, and that the region is enabled in the account"
)
_PROVIDER: Final = (
    "register the identity provider in the role's account, with the audience that is in the token"
)

_FILES: Final = (
    "check the files and the credential_process that the profile, or AWS's variables, name"
)

#: By AWS's error code, or by the name of the library's exception or of one that it is derived from.
_ADVICE: Final = {
    "AccessDenied": (
        "allow sts:AssumeRole on the role to whoever signs, and name them, or the identity "
        "provider, in the role's trust policy"
    ),
    "ExpiredToken": _OVER,
    "ExpiredTokenException": _OVER,
    "InvalidClientTokenId": _UNKNOWN_KEYS,
    "UnrecognizedClientException": _UNKNOWN_KEYS,
    "SignatureDoesNotMatch": "check the secret key, and this machine's clock",
    "InvalidIdentityToken": _PROVIDER,
    "IDPRejectedClaim": _PROVIDER,
    "RegionDisabledException": "activate STS in the region, or set aws_sts_endpoint",
    "ProfileNotFound": "check aws_profile_name or AWS_PROFILE, and AWS_CONFIG_FILE",
    "FileNotFoundError": _FILES,
    "PermissionError": _FILES,
    "ConnectionError": _NO_WAY,
    "HTTPClientError": _NO_WAY,
    "TimeoutError": _NO_WAY,
}


def advice(code: str, error: Exception) -> str | None:
    """Give what to do about a failure; None where its own words have to do.

    Args:
        code: AWS's; empty where AWS did not answer.
        error: What was raised.
    """
    names = (code, *(kind.__name__ for kind in type(error).__mro__))
    return next((_ADVICE[name] for name in names if name in _ADVICE), None)
