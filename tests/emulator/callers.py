"""Callers of a running emulator: boto3 clients, raw sockets, and the control routes."""

import json
import socket
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import boto3
import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from emulator.settings import ACCESS_KEY, SECRET_KEY

REGION = "us-east-1"
TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN"
TEMPORARY = [
    {"access_key": "ASIATEMPORARYEXAMPLE", "secret_key": "temporary", "session_token": TOKEN},
    {
        "access_key": "ASIAEXPIREDEXAMPLE00",
        "secret_key": "expired",
        "session_token": TOKEN,
        "expired": True,
    },
]
TGI = {"inputs": "Where is Köln?", "parameters": {"max_new_tokens": 50}}
CHAT = {"messages": [{"role": "user", "content": "Where is Köln?"}]}


class Emulated:
    """A running emulator and the ways to call it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=20)
        self._clients: dict[tuple[str | None, ...], Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()
        for client in self._clients.values():
            client.close()

    def client(
        self,
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
        token: str | None = None,
        region: str = REGION,
    ) -> Any:
        """A boto3 client that does not retry; made once, for it takes its time to make."""
        key = (access_key, secret_key, token, region)
        if key in self._clients:
            return self._clients[key]
        client = boto3.Session().client(
            "sagemaker-runtime",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
        )
        self._clients[key] = client
        return client

    def invoke(self, endpoint: str, body: Mapping[str, Any], **more: Any) -> Any:
        """InvokeEndpoint; returns the decoded JSON body."""
        answer = self.client().invoke_endpoint(
            EndpointName=endpoint,
            Body=json.dumps(body),
            ContentType="application/json",
            **more,
        )
        return json.loads(answer["Body"].read())

    def parts(self, endpoint: str, body: Mapping[str, Any], **more: Any) -> Iterator[bytes]:
        """InvokeEndpointWithResponseStream; yields the payload of each part."""
        answer = self.client().invoke_endpoint_with_response_stream(
            EndpointName=endpoint,
            Body=json.dumps({**body, "stream": True}),
            ContentType="application/json",
            **more,
        )
        try:
            for event in answer["Body"]:
                yield event["PayloadPart"]["Bytes"]
        finally:
            answer["Body"].close()

    def invoke_streaming(self, endpoint: str, body: Mapping[str, Any], **more: Any) -> bytes:
        """InvokeEndpointWithResponseStream; returns the joined payloads."""
        return b"".join(self.parts(endpoint, body, **more))

    def fault(self, endpoint: str, fault: str, **options: Any) -> None:
        """Scripts a fault."""
        order = {"endpoint": endpoint, "fault": fault, **options}
        self.http.post("/_emulator/faults", json=order).raise_for_status()

    def requests(self, **query: str) -> list[dict[str, Any]]:
        """What the journal holds."""
        entries: list[dict[str, Any]] = self.http.get("/_emulator/requests", params=query).json()
        return entries

    def counts(self, **until: int) -> dict[str, int]:
        """The open and cut counts, once they are as given."""
        counts: dict[str, int] = (
            self.http.get("/_emulator/open", params=until).raise_for_status().json()
        )
        return counts

    def forget(self) -> None:
        """Clears faults and journal."""
        self.http.delete("/_emulator/faults").raise_for_status()
        self.http.delete("/_emulator/requests").raise_for_status()

    def connect(self, path: str, body: bytes) -> socket.socket:
        """Sends a signed request over a raw socket and returns the socket."""
        host = self.url.removeprefix("http://")
        headers = sign("POST", f"{self.url}{path}", body, {"content-type": "application/json"})
        lines = [f"POST {path} HTTP/1.1", f"host: {host}", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        name, _, port = host.partition(":")
        connection = socket.create_connection((name, int(port)), timeout=20)
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return connection


def sign(
    method: str, url: str, body: bytes, headers: Mapping[str, str], token: str | None = None
) -> dict[str, str]:
    """The headers with a signature by botocore's own signer."""
    request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
    credentials = Credentials(ACCESS_KEY, SECRET_KEY, token)
    SigV4Auth(credentials, "sagemaker", REGION).add_auth(request)
    return dict(request.headers)
