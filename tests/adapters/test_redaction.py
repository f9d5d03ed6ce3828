"""What must not leave the gateway, and what must not be touched."""

import string
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.redaction import scrub, without_secrets

MASK = "*" * 12
ARN = "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/my-ep"
SESSION = "arn:aws:sts::111122223333:assumed-role/gateway/i-0a1b"
ROLE = "arn:aws-us-gov:iam::111122223333:role/teams/x"
CONSOLE = (
    "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEventViewer:"
    "group=/aws/sagemaker/Endpoints/my-ep"
)
#: What names AWS's resources, accounts, hosts and files: each with the part that must be gone.
IDENTIFIERS = [
    (ARN, "111122223333"),
    ("arn:aws-us-gov:iam::111122223333:role/x/y", "role/x"),
    ("in account 111122223333", "111122223333"),
    ("account id: 111122223333", "111122223333"),
    ('"aws_account_id": "111122223333"', "111122223333"),
    ("Account '1111-2222-3333'", "2222"),
    (f"See {CONSOLE} in account 111122223333 for more information.", "console"),
    (CONSOLE, "logEventViewer"),
    ("https://console.amazonaws-us-gov.com/cloudwatch/home?x", "cloudwatch"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/image:1", "1111"),
    ("s3://sagemaker-eu-west-1-111122223333/model.tar.gz", "sagemaker"),
    ("file:///opt/ml/model", "opt"),
    ("/opt/ml/model/code/inference.py", "opt"),
    ("/usr/local/lib/python3.11/site-packages/vllm/engine.py:42", "usr"),
    ("~/.cache/huggingface/hub", "cache"),
    ("path=/opt/ml/model", "opt"),
    ("('/tmp/x.bin')", "tmp"),
    ("ip-10-0-12-34.eu-west-1.compute.internal:8080", "compute"),
    ("http://model.aws.local:8080/ping", "aws.local"),
    ("algo-1:8080", "algo"),
    ("http://localhost:8081", "localhost"),
    ("10.0.12.34:8080", "10.0"),
    ("169.254.170.2", "169"),
    ("172.18.0.2", "172"),
    ("192.168.1.7", "192"),
    ("vpce-0a1b2c-x.runtime.sagemaker.eu-west-1.vpce.amazonaws.com", "vpce"),
]
#: Keys and tokens, likewise.
KEYS = [
    ("AKIAIOSFODNN7EXAMPLE", "AKIA"),
    ("ASIAIOSFODNN7EXAMPLE", "ASIA"),
    ("sagemaker-api-key-c2FnZW1ha2VyLmFtYXpvbmF3cy5jb20=", "c2Fn"),
    ("X-Amz-Security-Token: FwoGZXIvYXdzEJr//////////wEaDK", "FwoG"),
    ("https://h/?X-Amz-Signature=0123456789abcdef&X-Amz-Credential=AKID", "0123456789"),
    ("authorization: Bearer abc.def-ghi", "abc.def"),
    ('"Authorization": "Basic dXNlcjpwYXNz"', "dXNl"),
    ("AWS4-HMAC-SHA256 Credential=AKID/2026/eu/x, SignedHeaders=host, Signature=abcdef", "abcdef"),
    ("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG", "wJalr"),
    ('"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG"', "wJalr"),
    ("AWS_SESSION_TOKEN = FwoGZXIvYXdzEJr", "FwoG"),
    ("hf_abcdefghijklmnopqrstuvwx", "abcdefgh"),
    ("sk-abcdefghijklmnopqrstuvwx", "abcdefgh"),
    ("<SecretAccessKey>wJalrXUtnFEMI</SecretAccessKey>", "wJalr"),
    ("<SessionToken>FwoGZXIvYXdzEJr", "FwoGZ"),
    ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwb2QifQ.c2lnbmF0dXJl", "eyJzdWIiOiJ"),
]
SECRETS = IDENTIFIERS + KEYS
#: As AWS answers a request whose signature does not fit: it quotes all that was signed.
SIGNATURE_TEXT = (
    "The request signature we calculated does not match the signature you provided.\n\n"
    "The Canonical String for this request should have been\n'POST\n/endpoints/e/invocations\n\n"
    "host:h\nx-amz-security-token:FwoGZXIvYXdzEJr\n\nhost;x-amz-security-token\n0a1b2c'\n\n"
    "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20260830T123600Z\n9f8e7d'\n"
)
PROSE = [
    "and/or",
    "2023/2024",
    "either/or, he/she, km/h, n/a, 24/7, 1/2",
    "a </s> token and <|im_end|>",
    "POST /v1/chat/completions is not there",
    "see https://docs.vllm.ai/en/latest/models.html for the list of models",
    "image_url https://bucket.example.com/a/b/c.png can't be read",
    "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000",
    "CUDA 12.4.1, torch 10.1.2, python 3.11",
    "ratio (a)/(b)/c and x = y / z",
    "my account has 12 items",
    "order 1234567890123 is late, and so is 0.123456789012",
    "request 0a1b2c3d-1111-4222-8333-123456789012, key a123456789012",
    "the bearer of bad news",
    "ACKNOWLEDGEMENTS AND ABBREVIATIONS",
    "a local hero, an internal matter",
    'Input should be "json" or {"type": "text"}',
    "Zeile 1\nZeile 2\n\n  eingerückt",
]


@pytest.mark.parametrize(("secret", "part"), SECRETS)
@pytest.mark.parametrize(
    "frame", ["{}", "It failed: {} (again).", '{{"error":"{}"}}', "a,{},b", "x\n{}\ny"]
)
def test_secrets_are_removed(secret: str, part: str, frame: str) -> None:
    """Nothing that identifies account, keys, hosts or files is left, wherever it stands (K3)."""
    assert part in secret
    assert part not in scrub(frame.format(secret))


@pytest.mark.parametrize(("secret", "part"), KEYS)
def test_the_log_has_no_keys(secret: str, part: str) -> None:
    """Neither keys nor tokens reach the operator's log, wherever they stand (K3)."""
    assert part not in without_secrets(f'It failed: {secret} (again). {{"x":"{secret}"}}')


@pytest.mark.parametrize("text", [text for text, _ in IDENTIFIERS])
def test_the_log_has_identifiers(text: str) -> None:
    """The operator reads which resource, host and file it was, and not in whose account (K3)."""
    masked = text.replace("111122223333", MASK).replace("1111-2222-3333", MASK)
    assert without_secrets(f"It failed: {text} (again).") == f"It failed: {masked} (again)."


@pytest.mark.parametrize(
    "text",
    [
        f"User: {SESSION} is not authorized to perform: sts:AssumeRole on {ROLE}",
        "https://sqs.eu-west-1.amazonaws.com/111122223333/q",
        "bucket sagemaker-eu-west-1-111122223333",
        '{"Account":"111122223333"}',
        "Account 111122223333, endpoint ep.",
    ],
)
def test_the_log_has_no_account(text: str) -> None:
    """Of AWS's sentence and ARNs all is left but the account's number."""
    assert without_secrets(text) == text.replace("111122223333", MASK)


@pytest.mark.parametrize("clean", [scrub, without_secrets])
def test_what_was_signed_is_cut_off(clean: Callable[[str], str]) -> None:
    """Of AWS's quotation of a signed request nothing is left; its sentence is."""
    assert clean(SIGNATURE_TEXT) == SIGNATURE_TEXT.partition("\n")[0]
    assert clean(SIGNATURE_TEXT[SIGNATURE_TEXT.index("The String-") :]) == ""


@pytest.mark.parametrize("text", PROSE)
@pytest.mark.parametrize("clean", [scrub, without_secrets])
def test_prose_is_left_alone(clean: Callable[[str], str], text: str) -> None:
    """Ordinary sentences, URLs and numbers come through unchanged."""
    assert clean(text) == text


def test_the_sentence_around_stays() -> None:
    """What is removed takes nothing of the sentence with it."""
    assert (
        scrub(f"User {ARN} may not, says /opt/ml/x.py today")
        == "User [arn] may not, says [path] today"
    )
    assert scrub("Endpoint ep of account 111122223333 not found.") == "Endpoint ep not found."
    assert (
        scrub(f"It failed. See {CONSOLE} in account 111122223333 for more information.")
        == "It failed."
    )


TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/opt/ml/code/inference.py", line 12, in predict\n'
    "    return model(secret_name)\n"
    "           ^^^^^^^^^^^^^^^^^^\n"
    '  File "vllm/engine.py", line 3, in __call__\n'
    "    raise ValueError(text)\n"
    "vllm.errors.ValueError: top_p must be < 1"
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (TRACEBACK, "top_p must be < 1"),
        (f"It failed:\n{TRACEBACK}\nGood bye", "It failed:\ntop_p must be < 1\nGood bye"),
        (
            TRACEBACK
            + "\n\nDuring handling of the above exception, another exception occurred:\n\n"
            + TRACEBACK.replace("top_p", "top_k"),
            "top_k must be < 1",
        ),
        (TRACEBACK.replace("\n", "\\n").replace('"', '\\"'), "top_p must be < 1"),
        (" ".join(TRACEBACK.split()), "top_p must be < 1"),
        ("\n".join("ERROR 01 " + line for line in TRACEBACK.split("\n")), "top_p must be < 1"),
        ("\n".join(TRACEBACK.split("\n")[:3]), ""),
        ("\n".join(TRACEBACK.split("\n")[1:]), "top_p must be < 1"),
        (TRACEBACK.replace(": top_p must be < 1", ""), "vllm.errors.ValueError"),
    ],
    ids=[
        "plain",
        "framed",
        "chain",
        "quoted",
        "one line",
        "logged",
        "cut end",
        "cut start",
        "mute",
    ],
)
def test_tracebacks(text: str, left: str) -> None:
    """Of a traceback, what the last exception says is left; code and files are not (K3)."""
    assert scrub(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "/" * 250_000,
        "/a" * 125_000,
        " /a" * 75_000,
        "/" + "a" * 250_000,
        "a" * 250_000,
        "a." * 125_000,
        "http://" * 35_000,
        "https://console." * 15_625,
        "arn:aws:" * 31_250,
        "account " * 31_250,
        "account" + " " * 250_000,
        "1" * 250_000,
        "x-amz-" * 41_250,
        "X-Amz-" + "a-" * 125_000,
        "authorization " * 17_500,
        'File "' * 41_250,
        "Traceback (most recent call last)\n" * 7_500,
        "Traceback (most recent call last)" + "Error: " * 35_000,
        "Traceback (most recent call last)\n" + "A" * 250_000,
        "session_token=" * 17_500,
        "AWS4-HMAC-SHA256 Credential=" * 8_750,
        "10." * 82_500,
        "ip-10-" * 41_250,
        "The Canonical " * 17_500,
        "\\n" * 125_000 + "Traceback (most recent call last)",
    ],
    ids=range(25),
)
@pytest.mark.parametrize("clean", [scrub, without_secrets])
def test_hostile_texts_take_no_time(clean: Callable[[str], str], text: str) -> None:
    """A quarter of a megabyte of anything takes a moment: no pattern goes back over its text."""
    start = time.monotonic()
    clean(text)
    assert time.monotonic() - start < 5


SAFE = st.text(string.ascii_lowercase + " .,!?", max_size=30)


@given(before=SAFE, secret=st.sampled_from(SECRETS), after=SAFE)
def test_any_surroundings(before: str, secret: tuple[str, str], after: str) -> None:
    """A secret between any words is removed, and a second pass finds nothing more."""
    text, part = secret
    once = scrub(f"{before} {text} {after}")
    assert part not in once
    assert scrub(once) == once


@given(st.text())
def test_any_text(text: str) -> None:
    """No text makes it fail, and none grows much."""
    assert len(scrub(text)) <= 2 * len(text) + 20
