"""Our tokens against botocore's own signer of query strings."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from adapters.sagemaker.bearer import (
    KEPT_SECONDS,
    LIFE_SECONDS,
    MAX_SECONDS,
    BearerTokens,
    mint_token,
)
from adapters.sagemaker.credentials import Credentials

KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
OTHER = Credentials("AKIDEXAMPLE", "another secret", "token")
REGION = "eu-west-1"
PREFIX = "sagemaker-api-key-"

VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


class BotocoreSigner(SigV4QueryAuth):  # type: ignore[misc]
    """botocore's signer with a time of our choice instead of the clock's."""

    def presign(self, request: AWSRequest, at: datetime) -> str:
        """Give the presigned URL."""
        request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))
        return str(request.url)


def reference(keys: Credentials, region: str, at: datetime, seconds: int) -> str:
    """Give the token that AWS's recipe makes with botocore."""
    request = AWSRequest(
        "POST",
        "https://sagemaker.amazonaws.com/",
        headers={"host": "sagemaker.amazonaws.com"},
        params={"Action": "CallWithBearerToken"},
    )
    botocore_keys = BotocoreCredentials(keys.access_key, keys.secret_key, keys.token)
    signer = BotocoreSigner(botocore_keys, "sagemaker", region, expires=seconds)
    url = signer.presign(request, at).removeprefix("https://") + "&Version=1"
    return PREFIX + b64encode(url.encode()).decode()


@given(
    access_key=st.from_regex(r"A[KS]IA[A-Z0-9]{4,16}", fullmatch=True),
    secret=VISIBLE,
    token=st.none() | VISIBLE,
    region=st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"]),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - UTC is added
    seconds=st.integers(1, MAX_SECONDS),
)
def test_same_token_as_botocore(
    access_key: str, secret: str, token: str | None, region: str, at: datetime, seconds: int
) -> None:
    """Any key, session token, region, time and life make the token that botocore's signer makes."""
    keys = Credentials(access_key, secret, token)
    moment = at.replace(tzinfo=UTC)
    minted = mint_token(keys, region, moment.timestamp(), seconds)
    assert minted == reference(keys, region, moment, seconds)


def test_the_order_of_its_parts() -> None:
    """The URL inside has the parts in the order of AWS's generator, and no secret key."""
    text = mint_token(OTHER, REGION, 1_800_000_000.5, 60).removeprefix(PREFIX)
    url = b64decode(text, validate=True).decode()
    root, _, query = url.partition("?")
    assert root == "sagemaker.amazonaws.com/"
    assert [pair.partition("=")[0] for pair in query.split("&")] == [
        "Action",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "Version",
    ]
    assert OTHER.secret_key not in url


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_is_kept_for_five_minutes() -> None:
    """The same token serves for five minutes of its fifteen, then a new one does."""
    clock = Clock()
    tokens = BearerTokens(clock)
    first = tokens.current(KEYS, REGION)
    assert first.text == mint_token(KEYS, REGION, clock.now, LIFE_SECONDS)
    clock.now += KEPT_SECONDS - 1
    assert tokens.current(KEYS, REGION) is first
    clock.now += 1
    second = tokens.current(KEYS, REGION)
    assert second.text == mint_token(KEYS, REGION, clock.now, LIFE_SECONDS) != first.text


def test_a_clock_that_was_set_back() -> None:
    """A token from the future would be refused by AWS, and is not kept."""
    clock = Clock()
    tokens = BearerTokens(clock)
    first = tokens.current(KEYS, REGION)
    clock.now -= 3600
    assert tokens.current(KEYS, REGION).text != first.text


def test_identities_and_regions_never_mix() -> None:
    """Each pair of credentials and region has a token of its own."""
    tokens = BearerTokens(Clock())
    pairs = [(keys, region) for keys in (KEYS, OTHER) for region in (REGION, "us-east-1")]
    assert len({tokens.current(*pair).text for pair in pairs}) == len(pairs)
    assert all(tokens.current(*pair) is tokens.current(*pair) for pair in pairs)


def test_a_dropped_token_is_gone_and_its_successor_stays() -> None:
    """After a drop a fresh token is minted; a late drop of the old one does not touch it."""
    clock = Clock()
    tokens = BearerTokens(clock)
    first, other = tokens.current(KEYS, REGION), tokens.current(OTHER, REGION)
    clock.now += 1
    tokens.drop(first)
    second = tokens.current(KEYS, REGION)
    assert second.text != first.text
    tokens.drop(first)
    assert tokens.current(KEYS, REGION) is second
    assert tokens.current(OTHER, REGION) is other


@pytest.mark.parametrize("write", [repr, str])
def test_no_text_shows_a_token(write: type[str]) -> None:
    """What a log or a traceback writes of a token is not the token."""
    token = BearerTokens(Clock()).current(OTHER, REGION)
    assert write(token) == "BearerToken(***)"
