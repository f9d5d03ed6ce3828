"""What the log advises where credentials are not to be had."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProfileNotFound,
    ReadTimeoutError,
)

from adapters.sagemaker.refreshing import explained


def refused(code: str) -> ClientError:
    """Give STS's refusal as AWS's library raises it."""
    return ClientError({"Error": {"Code": code, "Message": "No."}}, "AssumeRole")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused("AccessDenied"), "allow sts:AssumeRole on the role"),
        (refused("ExpiredTokenException"), "is over: renew the keys"),
        (refused("InvalidClientTokenId"), "check the keys"),
        (refused("SignatureDoesNotMatch"), "this machine's clock"),
        (refused("InvalidIdentityToken"), "register the identity provider"),
        (refused("RegionDisabledException"), "activate STS in the region"),
        (ProfileNotFound(profile="ops"), "check aws_profile_name"),
        (EndpointConnectionError(endpoint_url="https://sts"), "check the way"),
        (ConnectTimeoutError(endpoint_url="https://sts"), "check the way"),
        (ReadTimeoutError(endpoint_url="https://sts"), "check the way"),
        (TimeoutError(), "check the way"),
        (FileNotFoundError(2, "No such file or directory"), "the credential_process"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_advice(error: Exception, words: str) -> None:
    """A known reason comes with what to do about it, behind AWS's own words, for the log alone."""
    failure = explained(error)
    said, _, advised = str(failure.detail).partition("; ")
    assert said.startswith(f"{type(error).__name__}:")
    assert words in advised
    assert words not in failure.message


@pytest.mark.parametrize("error", [refused("SomethingNew"), BotoCoreError(), ValueError("x")])
def test_no_advice(error: Exception) -> None:
    """Of an unknown reason the log has the words, and no guess."""
    assert explained(error).detail == f"{type(error).__name__}: {error}"
