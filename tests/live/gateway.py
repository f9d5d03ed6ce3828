"""A running gateway seen from a test: plain HTTP, streams as lists of events, raw bytes.

Every reply that passes through here is checked for what must never leave the gateway, and every
answer and every chunk for OpenAI's shape.
"""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.live.leaks import assert_reply_is_clean
from tests.live.processes import PATIENCE, Process
from tests.openai_schema import assert_is_openais

Json = dict[str, Any]
HELLO = [{"role": "user", "content": "Where is Köln?"}]
#: The ends of the paths whose answers are OpenAI's.
_OPENAIS = ("/completions", "/embeddings")


@dataclass(frozen=True, slots=True)
class Stream:
    """A whole streamed reply."""

    status: int
    headers: httpx.Headers
    events: list[str]

    @property
    def chunks(self) -> list[Json]:
        """The events that are JSON."""
        return [json.loads(event) for event in self.events if event != "[DONE]"]

    @property
    def error(self) -> Json | None:
        """The error object of the last event, if it is one."""
        last = self.chunks[-1] if self.chunks else {}
        error: Json | None = last.get("error")
        return error

    @property
    def done(self) -> bool:
        """Whether the last event, and no other, is the end mark."""
        return self.events.count("[DONE]") == 1 and self.events[-1] == "[DONE]"

    def deltas(self, index: int = 0) -> list[Json]:
        """The deltas of one choice."""
        return [choice["delta"] for choice in self._choices(index)]

    def text(self, index: int = 0) -> str:
        """What one choice of a chat says."""
        return "".join(delta.get("content") or "" for delta in self.deltas(index))

    def completion(self, index: int = 0) -> str:
        """What one choice of a completion says."""
        return "".join(choice["text"] for choice in self._choices(index))

    def finishes(self, index: int = 0) -> list[str]:
        """The finish reasons of one choice."""
        reasons = (choice["finish_reason"] for choice in self._choices(index))
        return [reason for reason in reasons if reason is not None]

    def _choices(self, index: int) -> list[Json]:
        chunks = (chunk for chunk in self.chunks if "error" not in chunk)
        return [
            choice for chunk in chunks for choice in chunk["choices"] if choice["index"] == index
        ]


class Gateway:
    """A running gateway process."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.url = process.address()
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=PATIENCE)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    def close(self) -> None:
        """Closes the connections to it."""
        self.http.close()

    def wait_until_ready(self) -> None:
        """Waits until it serves; its socket accepts connections from its banner on."""
        assert self.http.get("/health/readiness").status_code == httpx.codes.OK

    def post(
        self, path: str, body: Any, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Posts JSON."""
        return checked(self.http.post(path, json=body, headers=headers))

    def post_bytes(self, path: str, body: bytes) -> httpx.Response:
        """Posts bytes that claim to be JSON."""
        headers = {"content-type": "application/json"}
        return checked(self.http.post(path, content=body, headers=headers))

    def chat(self, model: str, /, **more: Any) -> httpx.Response:
        """Asks for a whole chat completion."""
        body = {"model": model, "messages": HELLO, **more}
        return self.post("/v1/chat/completions", body)

    def text(self, model: str, /, **more: Any) -> str:
        """The text of a whole chat completion."""
        answer = self.chat(model, **more)
        assert answer.status_code == httpx.codes.OK, answer.text
        text: str = answer.json()["choices"][0]["message"]["content"]
        return text

    def stream(self, model: str, /, **more: Any) -> Stream:
        """Asks for a chat completion's stream and reads it to its end."""
        body = {"model": model, "messages": HELLO, "stream": True, **more}
        return streamed(self.post("/v1/chat/completions", body))

    def complete(self, model: str, prompt: Any, /, **more: Any) -> httpx.Response:
        """Asks for a whole completion."""
        return self.post("/v1/completions", {"model": model, "prompt": prompt, **more})

    def stream_completion(self, model: str, prompt: Any, /, **more: Any) -> Stream:
        """Asks for a completion's stream and reads it to its end."""
        return streamed(self.complete(model, prompt, stream=True, **more))

    @contextmanager
    def connect(self) -> Iterator[socket.socket]:
        """A raw connection."""
        with socket.create_connection(self.address, timeout=PATIENCE) as connection:
            yield connection

    def raw(self, data: bytes) -> bytes:
        """Sends bytes, reads until the gateway closes: requests must say `Connection: close`."""
        with self.connect() as connection:
            connection.sendall(data)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        assert_reply_is_clean(received.decode(errors="replace"))
        return received


def checked(answer: httpx.Response) -> httpx.Response:
    """A reply in which nothing of AWS's is, and whose answers are what OpenAI says."""
    assert_reply_is_clean(answer.text + str(answer.headers))
    if answer.status_code == httpx.codes.OK and answer.request.url.path.endswith(_OPENAIS):
        is_stream = answer.headers["content-type"].startswith("text/event-stream")
        for body in streamed(answer).chunks if is_stream else [answer.json()]:
            if list(body) != ["error"]:
                assert_is_openais(body)
    return answer


def streamed(answer: httpx.Response) -> Stream:
    """A reply as the stream that it is."""
    return Stream(answer.status_code, answer.headers, events(answer.text))


def events(text: str) -> list[str]:
    """The data of a reply's events; the reply must hold nothing else but comments."""
    if not text.startswith(("data: ", ":")):
        return []
    assert text.endswith("\n\n")
    parts = [part for part in text[:-2].split("\n\n") if not part.startswith(":")]
    assert all(part.startswith("data: ") and "\n" not in part for part in parts), parts
    return [part.removeprefix("data: ") for part in parts]


def error_of(answer: httpx.Response) -> Json:
    """The error object of a reply; it must have OpenAI's shape, and nothing else in it."""
    body = answer.json()
    assert list(body) == ["error"], body
    error: Json = body["error"]
    assert set(error) == {"message", "type", "param", "code"}, error
    assert isinstance(error["message"], str)
    assert error["message"]
    assert isinstance(error["type"], str)
    assert isinstance(error["code"], str)
    assert error["param"] is None or isinstance(error["param"], str)
    return error
