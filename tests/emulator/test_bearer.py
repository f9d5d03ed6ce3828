import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.bearer import PREFIX, BearerVerifier, without_token
from emulator.errors import Refused
from emulator.settings import ACCESS_KEY, SECRET_KEY, Settings, parse
from tests.emulator.callers import REGION, TEMPORARY, TOKEN
from tests.emulator.native import presigned, token, wrapped

VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


def verifier(ahead: timedelta = timedelta()) -> BearerVerifier:
    """A verifier whose clock is ahead by so much."""
    credentials = (
        *Settings().credentials,
        *parse({"credentials": TEMPORARY}, "test").credentials,
    )
    return BearerVerifier(credentials, (REGION,), lambda: datetime.now(UTC) + ahead)


def refusal(authorization: str | None, checker: BearerVerifier | None = None) -> tuple[str, str]:
    """The name and text with which a header is refused."""
    with pytest.raises(Refused) as caught:
        (checker or verifier()).verify(authorization)
    assert caught.value.status == 403
    text: str = json.loads(caught.value.body)["message"]
    return caught.value.name, text


@given(secret=VISIBLE, session=st.none() | VISIBLE, seconds=st.integers(1, 43_200))
def test_agrees_with_botocore(secret: str, session: str | None, seconds: int) -> None:
    """Whatever botocore's signer presigns is accepted: any secret, session token and life."""
    credential = {"access_key": "AKIDEXAMPLE", "secret_key": secret, "session_token": session}
    (known,) = parse({"credentials": [credential]}, "test").credentials
    checker = BearerVerifier((known,), (REGION,))
    made = token("AKIDEXAMPLE", secret, session, seconds=seconds)
    identity = checker.verify(f"Bearer {made}")
    assert (identity.credential, identity.region) == (known, REGION)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"secret_key": "wrong"}, "InvalidSignatureException"),
        ({"access_key": "AKIANOBODY"}, "UnrecognizedClientException"),
        ({"session_token": "unasked"}, "UnrecognizedClientException"),
        (
            {"access_key": "ASIATEMPORARYEXAMPLE", "secret_key": "temporary"},
            "UnrecognizedClientException",
        ),
        (
            {
                "access_key": "ASIAEXPIREDEXAMPLE00",
                "secret_key": "expired",
                "session_token": TOKEN,
            },
            "ExpiredTokenException",
        ),
        ({"region": "eu-west-1"}, "AccessDeniedException"),
        ({"service": "bedrock"}, "AccessDeniedException"),
    ],
    ids=["secret", "key", "extra session", "no session", "expired key", "region", "service"],
)
def test_wrong_identities(changes: dict[str, Any], name: str) -> None:
    """Key, secret, session token, region and service must all be right."""
    assert refusal(f"Bearer {token(**changes)}")[0] == name


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(901, "has expired"), (-400, "not yet valid")],
)
def test_its_time(ahead: int, words: str) -> None:
    """A token holds from its minting to its expiry, with five minutes' grace before."""
    assert words in refusal(f"Bearer {token()}", verifier(timedelta(seconds=ahead)))[1]
    early = verifier(timedelta(seconds=-200))
    assert early.verify(f"Bearer {token()}").region == REGION


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CallWithBearerToken", "CallWithAnything"),
        ("X-Amz-Expires=900", "X-Amz-Expires=43201"),
        ("X-Amz-Expires=900", "X-Amz-Expires=0"),
        ("X-Amz-Expires=900", "X-Amz-Expires=x"),
        ("&Version=1", ""),
        ("SignedHeaders=host", "SignedHeaders=host%3Bx"),
        ("sagemaker.amazonaws.com/", "evil.example/"),
        ("HMAC-SHA256", "HMAC-SHA512"),
        ("X-Amz-Date=2", "X-Amz-Date=x"),
        ("%2Faws4_request", ""),
        ("?Action", "?Action=x&Action"),
    ],
)
def test_what_is_not_the_recipe(old: str, new: str) -> None:
    """Every part has its fixed form."""
    url = presigned()
    assert old in url
    made = wrapped(url.replace(old, new))
    assert refusal(f"Bearer {made}")[1] == "The bearer token is malformed."


@pytest.mark.parametrize(
    ("old", "new"),
    [("X-Amz-Expires=900", "X-Amz-Expires=901"), ("Version=1", "Version=1&X=y")],
)
def test_nothing_can_be_changed_afterwards(old: str, new: str) -> None:
    """The signature covers every part."""
    made = wrapped(presigned().replace(old, new))
    assert refusal(f"Bearer {made}")[0] == "InvalidSignatureException"


def test_the_scope_is_the_signatures() -> None:
    """The day in the scope is the day of signing."""
    url = presigned()
    today = url.partition("X-Amz-Date=")[2][:8]
    other = wrapped(url.replace(f"%2F{today}%2F", "%2F20200101%2F"))
    assert refusal(f"Bearer {other}")[1] == "The bearer token has a wrong scope."


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, "MissingAuthenticationTokenException"),
        ("", "MissingAuthenticationTokenException"),
        ("Bearer sk-key", "AccessDeniedException"),
        ("AWS4-HMAC-SHA256 Credential=x", "AccessDeniedException"),
        (f"Bearer {PREFIX}***", "AccessDeniedException"),
        (f"Bearer {PREFIX}{base64.b64encode(bytes([255])).decode()}", "AccessDeniedException"),
        (f"Bearer {PREFIX}", "AccessDeniedException"),
    ],
)
def test_what_is_no_token(header: str | None, name: str) -> None:
    """Nothing, another scheme, and bytes that are no URL are refused."""
    assert refusal(header)[0] == name


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("Bearer secret", "Bearer ***"),
        ("AWS4-HMAC-SHA256 x", "AWS4-HMAC-SHA256 x"),
    ],
)
def test_the_journal_s_header(header: str, shown: str) -> None:
    """A token that can't be read is hidden; other signatures stay, as on the other routes."""
    assert without_token({"authorization": header, "a": "b"}) == {"authorization": shown, "a": "b"}


def test_the_journal_s_token() -> None:
    """Of a token the journal shows whose it is, for where and for how long, and no secret."""
    made = token("ASIATEMPORARYEXAMPLE", SECRET_KEY, TOKEN, seconds=77)
    shown = without_token({"authorization": f"Bearer {made}"})["authorization"]
    today = datetime.now(UTC).strftime("%Y%m%d")
    scope = f"{today}/{REGION}/sagemaker/aws4_request"
    assert shown == f"Bearer Credential=ASIATEMPORARYEXAMPLE/{scope}, Expires=77"
    assert ACCESS_KEY not in shown
