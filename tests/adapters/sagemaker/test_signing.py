"""Our signatures against botocore's own signer."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from adapters.sagemaker.credentials import Credentials
from adapters.sagemaker.header_lines import split_lines
from adapters.sagemaker.signing import Outline, Signer, parse_address

KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
URL = "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/my-endpoint/invocations"
NOON = datetime(2026, 8, 30, 12, 36, tzinfo=UTC)

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126))
NAMES = st.from_regex(r"X-Amzn-SageMaker-[A-Za-z][A-Za-z-]{0,20}[A-Za-z]", fullmatch=True)
PATHS = st.lists(
    st.text(min_size=1, max_size=8).filter(lambda text: text not in {".", ".."}), max_size=3
).map(lambda segments: "".join("/" + quote(segment, safe="") for segment in segments))


class BotocoreSigner(SigV4Auth):  # type: ignore[misc]
    """botocore's signer with a time of our choice instead of the clock's."""

    def sign(self, request: AWSRequest, at: datetime) -> str:
        """Give the Authorization header."""
        request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
        request.headers["X-Amz-Date"] = request.context["timestamp"]
        if self.credentials.token:
            request.headers["X-Amz-Security-Token"] = self.credentials.token
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))
        return str(request.headers["Authorization"])


def reference(
    keys: Credentials,
    url: str,
    headers: list[tuple[str, str]],
    body: bytes,
    at: datetime,
    region: str = "eu-west-1",
) -> str:
    """Give the Authorization header that botocore would send."""
    botocore_keys = BotocoreCredentials(keys.access_key, keys.secret_key, keys.token)
    signer = BotocoreSigner(botocore_keys, "sagemaker", region)
    return signer.sign(AWSRequest("POST", url, headers=dict(headers), data=body), at)


def sign(
    signer: Signer,
    keys: Credentials,
    url: str,
    headers: list[tuple[str, str]],
    body: bytes,
    at: datetime,
    varying: int = 0,
) -> dict[str, str]:
    """Give the headers to send; the first ones as those that vary from request to request."""
    outline = Outline(parse_address(url), headers[varying:])
    return split_lines(signer.sign(keys, outline, headers[:varying], body, at.timestamp()))


@given(
    varying=st.integers(0, 6),
    body=st.binary(max_size=2000),
    headers=st.dictionaries(NAMES.map(str.lower), PRINTABLE, max_size=4),
    token=st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60),
    scheme=st.sampled_from(["http", "https"]),
    host=st.sampled_from(
        ["runtime.sagemaker.eu-west-1.amazonaws.com", "127.0.0.1", "[::1]", "HOST"]
    ),
    port=st.sampled_from(["", ":80", ":443", ":8080"]),
    path=PATHS,
    at=st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - UTC is added
    region=st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1"]),
)
def test_same_signature_as_botocore(
    varying: int,
    body: bytes,
    headers: dict[str, str],
    token: str | None,
    secret: str,
    scheme: str,
    host: str,
    port: str,
    path: str,
    at: datetime,
    region: str,
) -> None:
    """Any body, headers, URL, token, time and region are signed as botocore signs them."""
    keys = Credentials("AKIDEXAMPLE", secret, token)
    url = f"{scheme}://{host}{port}{path}/endpoints/e/invocations"
    moment = at.replace(tzinfo=UTC)
    sent = [("Content-Type", "application/json"), ("Accept", " */* "), *headers.items()]
    signed = sign(Signer(region), keys, url, sent, body, moment, varying)
    assert signed["Authorization"] == reference(keys, url, sent, body, moment, region)


def test_everything_sent_is_signed() -> None:
    """Host, date, token, content type and every SageMaker header are sent and signed."""
    keys = Credentials("AKIDEXAMPLE", "secret", "token")
    headers = [
        ("Content-Type", "application/json"),
        ("X-Amzn-SageMaker-Inference-Component", "llama"),
    ]
    signed = sign(Signer("eu-west-1"), keys, URL, headers, b"{}", NOON)
    assert signed["X-Amz-Date"] == "20260830T123600Z"
    assert signed["X-Amz-Security-Token"] == "token"
    assert signed["X-Amzn-SageMaker-Inference-Component"] == "llama"
    assert (
        "Credential=AKIDEXAMPLE/20260830/eu-west-1/sagemaker/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;"
        "x-amzn-sagemaker-inference-component, Signature="
    ) in signed["Authorization"]


def test_no_token_no_header() -> None:
    """Keys without a token send none."""
    signed = sign(Signer("eu-west-1"), KEYS, URL, [], b"", NOON)
    assert "X-Amz-Security-Token" not in signed


def test_midnight_rolls_the_key_over() -> None:
    """One signer signs rightly before, at and after midnight UTC, and back again (I11)."""
    signer = Signer("eu-west-1")
    midnight = datetime(2026, 12, 31, tzinfo=UTC) + timedelta(days=1)
    for seconds in (-2, -1, 0, 1, -1, 0):
        at = midnight + timedelta(seconds=seconds)
        signed = sign(signer, KEYS, URL, [], b"{}", at)
        assert signed["Authorization"] == reference(KEYS, URL, [], b"{}", at)


def test_identities_never_mix() -> None:
    """One signer used by two identities in turn signs each with its own key (I9)."""
    signer = Signer("eu-west-1")
    other = Credentials("AKIDEXAMPLE", "another secret", "token")
    for keys in (KEYS, other, KEYS, other):
        signed = sign(signer, keys, URL, [], b"{}", NOON)
        assert signed["Authorization"] == reference(keys, URL, [], b"{}", NOON)


def test_an_outline_serves_many_requests() -> None:
    """What varies does not stay: each request has its own headers, in its own signature."""
    signer, outline = Signer("eu-west-1"), Outline(parse_address(URL), [("Accept", "100%(a)s")])
    for headers in ([], [("X-A", "1")], [("X-A", "%s  2")], [("X-B", "1"), ("X-A", "3")], []):
        sent = split_lines(signer.sign(KEYS, outline, headers, b"{}", NOON.timestamp()))
        expected = reference(KEYS, URL, [("Accept", "100%(a)s"), *headers], b"{}", NOON)
        assert sent["Authorization"] == expected
        assert {name: sent.get(name) for name, _ in headers} == dict(headers)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rb"])
def test_a_header_is_one_line(value: str) -> None:
    """A header that would become two is not signed, whether it varies or not (B4)."""
    for varying in (0, 1):
        with pytest.raises(ValueError, match="more than one line"):
            sign(Signer("eu-west-1"), KEYS, URL, [("X-A", value)], b"{}", NOON, varying)


@pytest.mark.parametrize(
    ("url", "way", "host", "path", "signed_path"),
    [
        ("https://h/x%20y/z", ("https", "h", 443), "h", "/x%20y/z", "/x%2520y/z"),
        ("https://h:443", ("https", "h", 443), "h", "/", "/"),
        ("http://h:443/", ("http", "h", 443), "h:443", "/", "/"),
        ("http://[::1]:80/a", ("http", "::1", 80), "[::1]", "/a", "/a"),
        ("http://Host:8080/~a", ("http", "host", 8080), "host:8080", "/~a", "/~a"),
    ],
)
def test_address(
    url: str, way: tuple[str, str, int], host: str, path: str, signed_path: str
) -> None:
    """The host leaves the scheme's own port out; what is signed is the path encoded once more."""
    to = parse_address(url)
    assert (to.scheme, to.name, to.port) == way
    assert (to.host, to.path, to.canonical_path) == (host, path, signed_path)


def test_signing_loads_no_aws_library() -> None:
    """Static keys sign without botocore: start-up time and memory depend on it."""
    code = (
        "import sys, adapters.sagemaker.identities, adapters.sagemaker.invoker;"
        "sys.exit(any(name.split('.')[0] in {'botocore', 'boto3', 'aiobotocore', 'aioboto3'}"
        " for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
