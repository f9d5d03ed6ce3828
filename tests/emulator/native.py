"""Callers of the native OpenAI path: tokens by botocore's own signer, and plain HTTP."""

import base64
from collections.abc import Mapping
from typing import Any

import httpx
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.bearer import PREFIX
from emulator.settings import ACCESS_KEY, SECRET_KEY
from tests.emulator.callers import CHAT, REGION, Emulated

PATH = "/openai/v1/chat/completions"


def token(
    access_key: str = ACCESS_KEY,
    secret_key: str = SECRET_KEY,
    session_token: str | None = None,
    region: str = REGION,
    *,
    service: str = "sagemaker",
    seconds: int = 900,
) -> str:
    """A token as AWS's own generator makes it."""
    return wrapped(presigned(access_key, secret_key, session_token, region, service, seconds))


def presigned(
    access_key: str = ACCESS_KEY,
    secret_key: str = SECRET_KEY,
    session_token: str | None = None,
    region: str = REGION,
    service: str = "sagemaker",
    seconds: int = 900,
) -> str:
    """The URL inside a token, without its scheme."""
    request = AWSRequest(
        "POST",
        "https://sagemaker.amazonaws.com/",
        headers={"host": "sagemaker.amazonaws.com"},
        params={"Action": "CallWithBearerToken"},
    )
    credentials = Credentials(access_key, secret_key, session_token)
    SigV4QueryAuth(credentials, service, region, expires=seconds).add_auth(request)
    return str(request.url).removeprefix("https://") + "&Version=1"


def wrapped(url: str) -> str:
    """The token around a URL."""
    return PREFIX + base64.b64encode(url.encode()).decode()


def chat(
    emulated: Emulated,
    endpoint: str,
    body: Mapping[str, Any] | None = None,
    *,
    component: str = "",
    headers: Mapping[str, str] | None = None,
    bearer: str = "",
) -> httpx.Response:
    """Posts a chat with a token."""
    inside = f"/inference-components/{component}" if component else ""
    return emulated.http.post(
        f"/endpoints/{endpoint}{inside}{PATH}",
        json=CHAT if body is None else body,
        headers={"authorization": f"Bearer {bearer or token()}", **(headers or {})},
    )


def error_of(answer: httpx.Response) -> dict[str, str]:
    """The error of an answer in OpenAI's envelope, which has no error header."""
    assert answer.status_code == 400, answer.text
    assert "x-amzn-errortype" not in answer.headers
    assert answer.headers["x-amzn-requestid"]
    content = answer.json()
    assert list(content) == ["error"]
    error: dict[str, str] = content["error"]
    assert set(error) == {"message", "type", "code"}
    return error
