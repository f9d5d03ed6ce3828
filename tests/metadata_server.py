"""Where AWS's machines find their credentials, on loopback: a container's service, and IMDS.

Runs on a thread, for tests with processes. Both want their token, as AWS's do.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html and
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.sts_server import Triple

#: What a container's agent hands its container, and IMDS its machine.
CONTAINER_TOKEN = "token-of-the-container"
SESSION_TOKEN = "token-of-the-machine"
ROLE_NAME = "machine"
_IMDS = "/latest/meta-data/iam/security-credentials/"


@dataclass
class MetadataService:
    """What it gives, and what it was asked."""

    triple: Triple
    url: str = ""
    #: Paths of the requests that it answered.
    asked: list[str] = field(default_factory=list)

    @property
    def container_url(self) -> str:
        """The address of a container's credentials."""
        return f"{self.url}/container"

    def answer(self, method: str, path: str, tokens: tuple[str | None, str | None]) -> str | None:
        """Give the answer; None where there is no such thing, or the token does not fit."""
        container, session = tokens
        if (method, path) == ("PUT", "/latest/api/token"):
            return SESSION_TOKEN
        if path == "/container" and container == CONTAINER_TOKEN:
            return self._credentials()
        if session != SESSION_TOKEN:
            return None
        return {_IMDS: ROLE_NAME, _IMDS + ROLE_NAME: self._credentials()}.get(path)

    def _credentials(self) -> str:
        key, secret, token = self.triple
        return json.dumps(
            {
                "Code": "Success",
                "AccessKeyId": key,
                "SecretAccessKey": secret,
                "Token": token,
                "Expiration": (datetime.now(UTC) + timedelta(hours=6)).isoformat(),
            }
        )


@contextmanager
def serve_metadata(triple: Triple) -> Iterator[MetadataService]:
    """Run both services."""
    service = MetadataService(triple)

    class Requests(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def _answer(self) -> None:
            tokens = (
                self.headers.get("Authorization"),
                self.headers.get("X-aws-ec2-metadata-token"),
            )
            text = service.answer(self.command, self.path, tokens)
            if text is not None:
                service.asked.append(self.path)
            body = (text or "").encode()
            self.send_response(401 if text is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
