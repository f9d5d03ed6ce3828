"""A question that AWS did not answer: the identity's fault, or just something left unknown."""

from __future__ import annotations

from typing import Final

from adapters.errors import EndpointNotFound, GatewayError
from proxy.check.finding import Finding

#: AWS's words, and ours, for credentials that are no good for anything.
_NO_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "credentials_not_found",
        "credentials_unavailable",
    }
)
_LONGEST: Final = 300


def refusal(check: str, what: str, error: GatewayError) -> Finding:
    """Judge a failed question.

    Args:
        check: The finding's name.
        what: What was asked about, such as `the endpoint`.
        error: What came instead of an answer.
    """
    detail = (error.detail or error.message)[:_LONGEST]
    if isinstance(error, EndpointNotFound):
        return Finding(level="failure", check=check, text=f"{what} does not exist: {detail}")
    if error.code in _NO_CREDENTIALS:
        return Finding(level="failure", check=check, text=f"{what}: {error.message} ({detail})")
    return Finding(level="unknown", check=check, text=f"could not check {what}: {detail}")
