"""What must never leave: secrets and settings in containers' bodies, AWS's names in replies.

Security cases K1, K3 and K8.
"""

import re
from pathlib import Path

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TEMPORARY_KEY = "ASIATEMPORARYEXAMPLE"
TEMPORARY_SECRET = "q8Zr/1vLx0TnKc7Yb3Wd9Ju5Hs2Ge4Pa6Mf+tRVw"
TEMPORARY_TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN"
MASTER_KEY = "sk-9fQ2xv7Lk3mZ8wRt5bYc"
ACCOUNT = "111122223333"
REGION = "us-east-1"

#: The public halves of the key pairs are told by AWS itself; the rest is really secret.
KEY_IDS = (ACCESS_KEY, TEMPORARY_KEY)
SECRETS = (
    *KEY_IDS,
    SECRET_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
    MASTER_KEY,
)
#: Characters of a secret that help somebody.
_TELLING = 7
_SETTINGS = re.compile(
    r'"(aws_\w+|sagemaker_base_url|api_base|base_url|model_id|timeout|stream_timeout|drop_params'
    r"|stream_mode|stream_usage|num_retries|max_retries|litellm\w*|metadata|cache|fallbacks"
    r'|extra_body|extra_headers|hf_model_name|body_model|custom_llm_provider|format|transport)"\s*:'
)
_AWS_NAMES = re.compile(
    rf"arn:aws|{ACCOUNT}|console\.aws|amazonaws|logEventViewer|Traceback|File \"/|\.py\b"
    rf"|litellm\.|SagemakerException|AWS4-HMAC|x-amz-|{re.escape(str(Path.cwd()))}/"
)


def assert_body_is_clean(body: str) -> None:
    """No credential and no setting of the gateway is in what a container gets."""
    found = [secret for secret in SECRETS if secret in body]
    assert not found, f"a secret is in the body: {body}"
    settings = _SETTINGS.findall(body)
    assert not settings, f"{settings} in the body: {body}"


def assert_reply_is_clean(text: str) -> None:
    """No secret, ARN, account id, console address, path or traceback is in what a client gets."""
    found = [secret for secret in SECRETS if secret in text]
    assert not found, f"a secret is in the reply: {text}"
    names = _AWS_NAMES.findall(text)
    assert not names, f"{names} in the reply: {text}"


def assert_log_is_clean(text: str) -> None:
    """No secret and no signature is in a log."""
    marks = (*SECRETS, "AWS4-HMAC-SHA256", "Signature=", "sagemaker-api-key-")
    found = [mark for mark in marks if mark in text]
    found += [part for secret in SECRETS[len(KEY_IDS) :] for part in _parts(secret) if part in text]
    assert not found, f"{found} in the log"


def _parts(secret: str) -> list[str]:
    """Every piece of a secret that is long enough to be of use."""
    return [secret[start : start + _TELLING] for start in range(len(secret) - _TELLING + 1)]
