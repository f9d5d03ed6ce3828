"""What is planted, and what of it may be read where (security cases K1 to K5, K7).

Secrets may be nowhere, in no piece that helps anybody. What a conversation says may be in its
answer and in no log. AWS's names may be in the operator's log, the account's number nowhere.
"""

import re
from collections.abc import Iterable, Mapping

from tests.live.leaks import (
    ACCESS_KEY,
    ACCOUNT,
    MASTER_KEY,
    REGION,
    SECRET_KEY,
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
)

#: Of each secret some, in a form of its own, so that a find names what leaked.
REDIS_PASSWORD = "Rd7-hUq2vXw9Lm4Tz8"
CACHE_PASSWORD = "Cp3-nKs6yBg1Qf5Jd0"
DATABASE_PASSWORD = "Db9-eWr4tYu7Io2Pa5"
STATIC_KEY = "sk-st-4Gh8Jk2Lz6Xc0Vb"
EXTERNAL_ID = "Ex5-mNb8vCx1Za4Sd7"
EXPORTED = "Ev2-qWe5rTy8uIo1Pl4"
BEARER = "Br6-zXc9vBn2mAs5Df8"
AMBIENT_SECRET = "Am1+kLp4oIj7uHy0gTf3rDe6sWa9qZx2cVb5"
WRONG_KEY = "sk-wr-7Yh3Nj9Mk5Lp1Qa"
IN_A_QUERY = "sk-qu-2Wx8Ec4Rv0Tb6Yn"
SECRETS = {
    "master key": MASTER_KEY,
    "secret key": SECRET_KEY,
    "temporary secret": TEMPORARY_SECRET,
    "session token": TEMPORARY_TOKEN,
    "redis password": REDIS_PASSWORD,
    "cache password": CACHE_PASSWORD,
    "database password": DATABASE_PASSWORD,
    "static key": STATIC_KEY,
    "external id": EXTERNAL_ID,
    "exported variable": EXPORTED,
    "bearer token": BEARER,
    "ambient secret": AMBIENT_SECRET,
    "a client's wrong key": WRONG_KEY,
    "a key in a query": IN_A_QUERY,
}
KEY_IDS = (ACCESS_KEY, TEMPORARY_KEY)

#: What clients say, and what models answer.
PROMPT = "Prompt-kingfisher-vault"
ANSWER = "Answer-nightjar-ledger"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/planted-role"

#: What AWS's own words may hold, all at once.
TELLTALE = (
    f"Traceback (most recent call last):\n"
    f'  File "/opt/ml/model/code/inference.py", line 7, in predict\n'
    f"    raise ValueError(prompt)\nValueError: no\n"
    f"See https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}#logEventViewer:"
    f"group=/aws/sagemaker/Endpoints/x in account {ACCOUNT} for more information. "
    f"{ROLE} s3://planted-bucket-{ACCOUNT}/model.tar.gz {ACCESS_KEY} "
    f"aws_secret_access_key={SECRET_KEY} X-Amz-Security-Token: {TEMPORARY_TOKEN} "
    f"Authorization: Bearer {STATIC_KEY} /home/planted/app.py http://10.1.2.3:8080/invocations"
)
#: A container's words may quote the conversation besides.
QUOTING = f"{TELLTALE} {PROMPT}: {ANSWER}"
#: Characters of a secret that help somebody.
_TELLING = 7
_AWS_NAMES = re.compile(
    rf"arn:aws|{ACCOUNT}|console\.aws|logEventViewer|s3://|planted-(role|bucket)"
    r"|Traceback|File \"/|inference\.py|/home/planted|/opt/ml|10\.1\.2\.3|AWS4-HMAC|X-Amz-Signature"
)
_SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential|Signature=[0-9a-f]{64}|sagemaker-api-key-\w")


def secrets_in(text: str, more: Mapping[str, str] | None = None) -> list[str]:
    """The names of the secrets of which a piece is in a text."""
    known = {**SECRETS, **(more or {})}
    found = [name for name, value in known.items() if any(piece in text for piece in _of(value))]
    return found + [key for key in KEY_IDS if key in text]


def assert_nothing_told(text: str, more: Mapping[str, str] | None = None) -> None:
    """A reply to anybody: no secret, and nothing that names AWS's things, files or hosts."""
    assert not secrets_in(text, more), f"{secrets_in(text, more)} in: {text}"
    names = _AWS_NAMES.findall(text)
    assert not _AWS_NAMES.search(text), f"{names} in: {text}"


def assert_log_is_discreet(lines: Iterable[str], more: Mapping[str, str] | None = None) -> None:
    """A log at any level: no secret, no signature, no account, nothing of a conversation."""
    for line in lines:
        found = secrets_in(line, more)
        found += [word for word in (PROMPT, ANSWER, ACCOUNT) if word in line]
        found += _SIGNED.findall(line)
        assert not found, f"{found} in the log: {line}"


def _of(secret: str) -> list[str]:
    """Every piece of a secret that is long enough to be of use; common beginnings are not."""
    value = re.sub(r"^(sk-\w\w-|\w\w\d-|sk-)", "", secret)
    return [value[start : start + _TELLING] for start in range(len(value) - _TELLING + 1)]
