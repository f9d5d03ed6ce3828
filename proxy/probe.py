"""`--health` and `--test`: asks a gateway that is already running, as any client would."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from adapters.value import value
from proxy.cannot_start import CannotStart

#: Seconds; a model may take its time.
_TIMEOUT = 600.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - translated away, not bound


@value(frozen=True, slots=True, kw_only=True)
class Probe:
    """A running gateway, as the command line describes it."""

    host: str
    port: int
    key: str | None = None
    #: The gateway's certificate, if it speaks https; it is trusted.
    certfile: str | None = None

    def health(self) -> str:
        """Ask whether the gateway is ready.

        Raises:
            CannotStart: it is not, or nothing answers.
        """
        with self._client() as client:
            return _answer(client, "GET", "/health/readiness").text

    def test(self) -> str:
        """Let the first model answer one short chat; gives its text.

        Raises:
            CannotStart: there is no model, it can't answer, or nothing answers.
        """
        with self._client() as client:
            model = _found(_answer(client, "GET", "/v1/models"), "data", 0, "id")
            request = {
                "model": model,
                "messages": [{"role": "user", "content": "This is a test. Write a short poem."}],
            }
            reply = _answer(client, "POST", "/v1/chat/completions", request)
        return f"{model}: {_found(reply, 'choices', 0, 'message', 'content')}"

    def _client(self) -> httpx.Client:
        host = _ANY.get(self.host, self.host)
        scheme = "https" if self.certfile else "http"
        verify = _trusting(self.certfile) if self.certfile else True
        return httpx.Client(
            base_url=f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}",
            headers={"Authorization": f"Bearer {self.key}"} if self.key else {},
            timeout=_TIMEOUT,
            verify=verify,
            trust_env=False,
        )


def _trusting(certfile: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=certfile)
    except OSError as error:
        raise CannotStart(f"the certificate {certfile} can't be used") from error


def _answer(
    client: httpx.Client, method: str, path: str, body: Mapping[str, Any] | None = None
) -> httpx.Response:
    try:
        response = client.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise CannotStart(f"no gateway answers at {client.base_url}: {error}") from error
    if not response.is_success:
        raise CannotStart(f"{path} answers {response.status_code}: {response.text}")
    return response


def _found(response: httpx.Response, *path: str | int) -> Any:
    """Give what stands at a path of a JSON answer."""
    try:
        value = response.json()
        for step in path:
            value = value[step]
    except (ValueError, LookupError, TypeError) as error:
        raise CannotStart(
            f"{response.url.path} answers without {path[0]}: is it a gateway?"
        ) from error
    return value
