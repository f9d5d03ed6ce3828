import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.canonical import SignedRequest
from emulator.errors import Refused
from emulator.settings import Settings, parse
from emulator.signature import Verifier, parse_authorization, signing_key
from tests.emulator.callers import REGION, TEMPORARY, TOKEN, sign

HOST = "127.0.0.1:9"
PATH = "/endpoints/demo/invocations"


def verifier(ahead: timedelta = timedelta()) -> Verifier:
    """A verifier whose clock is ahead by so much."""
    credentials = (
        *Settings().credentials,
        *parse({"credentials": TEMPORARY}, "test").credentials,
    )
    return Verifier(credentials, (REGION,), lambda: datetime.now(UTC) + ahead)


def signed(
    extra: Mapping[str, str] | None = None,
    *,
    path: str = PATH,
    body: bytes = b"{}",
    change: Mapping[str, str] | None = None,
    drop: str = "",
) -> SignedRequest:
    """A request signed by botocore, with headers changed or dropped afterwards."""
    headers = {"host": HOST, "content-type": "application/json", **(extra or {})}
    headers = sign("POST", f"http://{HOST}{path}", body, headers) | dict(change or {})
    return SignedRequest(
        method="POST",
        raw_path=path.encode(),
        query=b"",
        headers=[
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
            if name.lower() != drop
        ],
        body=body,
    )


def refusal(request: SignedRequest, checker: Verifier | None = None) -> tuple[str, str]:
    """The name and text with which a request is refused."""
    with pytest.raises(Refused) as caught:
        (checker or verifier()).verify(request)
    assert caught.value.status == 403
    content: dict[str, Any] = json.loads(caught.value.body)
    return caught.value.name, content["message"]


def scoped(old: str, new: str) -> SignedRequest:
    """A request whose Authorization header was edited."""
    header = signed().fields["authorization"]
    assert old in header
    return signed(change={"Authorization": header.replace(old, new)})


@given(
    body=st.binary(max_size=200),
    endpoint=st.text(st.characters(codec="utf-8", exclude_characters="/."), min_size=1),
    attributes=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
)
def test_agrees_with_botocore(body: bytes, endpoint: str, attributes: str) -> None:
    """Whatever botocore's signer signs is accepted: any body, path and header."""
    request = signed(
        {"X-Amzn-SageMaker-Custom-Attributes": attributes},
        path=f"/endpoints/{quote(endpoint, safe='~')}/invocations",
        body=body,
    )
    assert verifier().verify(request).region == REGION


def test_published_key() -> None:
    """The signing key of AWS's own documentation comes out as published."""
    key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", REGION, "iam")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


def test_changed_body() -> None:
    """A body that is not the signed one is refused with the service's text and canonical string."""
    request = signed()
    changed = SignedRequest(
        method="POST", raw_path=PATH.encode(), query=b"", headers=request.headers, body=b"{ }"
    )
    name, text = refusal(changed)
    assert name == "InvalidSignatureException"
    assert text.startswith("The request signature we calculated does not match the signature you")
    assert "The Canonical String for this request should have been\n'POST\n" in text


def test_changed_header() -> None:
    """A signed header that was changed under way is refused."""
    request = signed(
        {"X-Amzn-SageMaker-Inference-Id": "a"}, change={"X-Amzn-SageMaker-Inference-Id": "b"}
    )
    assert refusal(request)[0] == "InvalidSignatureException"


def test_non_ascii_signature() -> None:
    """A signature with letters outside ASCII is refused like any other wrong one."""
    assert refusal(scoped("Signature=", "Signature=é"))[0] == "InvalidSignatureException"


def test_missing_authorization() -> None:
    """Without an Authorization header the token is missing."""
    assert refusal(signed(drop="authorization")) == (
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    )


@pytest.mark.parametrize("header", ["Bearer abc", "AWS4-HMAC-SHA256 Credential=a/b", "AWS4"])
def test_incomplete_authorization(header: str) -> None:
    """Another scheme or a missing part is an incomplete signature; the header is not echoed."""
    name, text = refusal(signed(change={"Authorization": header}))
    assert name == "IncompleteSignature"
    assert "requires 'Signature' parameter" in text
    assert header not in text


def test_short_credential() -> None:
    """A credential without a whole scope is an incomplete signature."""
    with pytest.raises(Refused, match="IncompleteSignature"):
        parse_authorization("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c")


def test_missing_date() -> None:
    """A request without a date is an incomplete signature."""
    name, text = refusal(signed(drop="x-amz-date"))
    assert name == "IncompleteSignature"
    assert "X-Amz-Date" in text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (f"/{REGION}/", "/eu-west-1/", "scoped to a valid region, not 'eu-west-1'"),
        ("/sagemaker/", "/runtime.sagemaker/", "scoped to correct service: 'sagemaker'"),
        ("/aws4_request", "/aws5_request", "valid terminator: 'aws4_request', not 'aws5_request'"),
        ("EXAMPLE/2", "EXAMPLE/1", "Date in Credential scope does not match YYYYMMDD"),
        ("host;", "", "'Host' or ':authority' must be a 'SignedHeader'"),
        (";x-amz-date", "", "'x-amz-date' must be a 'SignedHeader'"),
    ],
)
def test_scope(old: str, new: str, text: str) -> None:
    """Region, service, terminator, date and signed headers are each checked, in AWS's words."""
    name, message = refusal(scoped(old, new))
    assert name == "InvalidSignatureException"
    assert text in message


def test_unsigned_sagemaker_header() -> None:
    """A SageMaker header that was added after signing is refused by name."""
    request = signed(change={"X-Amzn-SageMaker-Target-Variant": "blue"})
    assert "'x-amzn-sagemaker-target-variant' must be a 'SignedHeader'" in refusal(request)[1]


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (timedelta(minutes=6), "Signature expired: {} is now earlier than "),
        (timedelta(minutes=-6), "Signature not yet current: {} is still later than "),
    ],
)
def test_clock(ahead: timedelta, text: str) -> None:
    """More than five minutes apart in either direction is refused, naming both times."""
    request = signed()
    name, message = refusal(request, verifier(ahead))
    assert name == "InvalidSignatureException"
    assert message.startswith(text.format(request.fields["x-amz-date"]))
    assert "5 min.)" in message


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clock_tolerance(minutes: int) -> None:
    """Less than five minutes apart is accepted."""
    assert verifier(timedelta(minutes=minutes)).verify(signed()).region == REGION


def test_unwanted_token() -> None:
    """A session token with a permanent key is refused: the two don't belong together."""
    request = signed({"X-Amz-Security-Token": TOKEN})
    assert refusal(request)[0] == "UnrecognizedClientException"
