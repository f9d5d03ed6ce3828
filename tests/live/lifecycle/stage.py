"""What the tests of the gateway's life have in common: a changing file, streams, workers."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.live import serving
from tests.live.gateway import HELLO, Gateway, Json, events
from tests.live.leaks import MASTER_KEY
from tests.live.processes import PATIENCE, clean_environment, running

STREAM = {"model": "chat", "messages": HELLO, "stream": True}
ADMIN = {"authorization": f"Bearer {MASTER_KEY}"}


class File:
    """A configuration file that is served and changes."""

    def __init__(self, path: Path, emulator: str) -> None:
        self.path = path
        self.emulator = emulator

    def write(self, *models: serving.Yaml, **sections: Any) -> None:
        """Writes it anew: these models (one named `chat` if there are none), these sections."""
        entries = list(models) or [serving.model("chat", "sagemaker_chat/chat")]
        content = {
            "model_list": entries,
            "router_settings": {"default_litellm_params": serving.defaults(self.emulator)},
            "general_settings": {"master_key": MASTER_KEY},
            **sections,
        }
        self.path.write_text(serving.written(content), encoding="utf-8")

    @contextmanager
    def served(self, *flags: str, **variables: str) -> Iterator[Gateway]:
        """Serves it on loopback; the client has the master key."""
        arguments = ["-m", "proxy", "--config", str(self.path), "--host", "127.0.0.1"]
        arguments += ["--port", "0", *flags]
        with running(arguments, clean_environment(**variables)) as process:
            gateway = Gateway(process)
            gateway.http.headers.update(ADMIN)
            gateway.wait_until_ready()
            try:
                yield gateway
            finally:
                gateway.close()


def reload(gateway: Gateway) -> httpx.Response:
    """Asks for a reload."""
    return gateway.http.post("/config/reload")


def models(gateway: Gateway, headers: dict[str, str] | None = None) -> list[str]:
    """The names that are listed, over a connection of its own: any worker may answer."""
    answer = httpx.get(f"{gateway.url}/v1/models", headers=headers or ADMIN, trust_env=False)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["data"]]


def until(reached: Callable[[], bool], what: str) -> None:
    """Waits for something that can only be looked at."""
    ends_at = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < ends_at, f"never: {what}"
        time.sleep(0.02)


def served_by_all(gateway: Gateway, count: int) -> None:
    """Waits until so many processes serve."""
    until(lambda: reload(gateway).json()["workers"] == count, f"{count} workers")


class OpenStream:
    """A stream that is being read in a thread of its own."""

    def __init__(self, gateway: Gateway, **more: Any) -> None:
        self._begun = threading.Event()
        self._text = ""
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._read, args=(gateway, {**STREAM, **more}))
        self._thread.start()
        assert self._begun.wait(PATIENCE)

    def events(self) -> list[str]:
        """Its events, once it has ended."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error
        return events(self._text)

    def last(self) -> Json:
        """Its last event, which is JSON."""
        last: Json = json.loads(self.events()[-1])
        return last

    def _read(self, gateway: Gateway, body: Json) -> None:
        url = f"{gateway.url}/v1/chat/completions"
        try:
            with (
                httpx.Client(trust_env=False, timeout=PATIENCE, headers=ADMIN) as client,
                client.stream("POST", url, json=body) as answer,
            ):
                assert answer.status_code == 200
                for part in answer.iter_text():
                    self._text += part
                    self._begun.set()
        except Exception as error:  # noqa: BLE001 - raised where the stream is looked at
            self._error = error
        finally:
            self._begun.set()


def workers(gateway: Gateway) -> list[int]:
    """The process ids of a gateway's workers, of whatever they were forked from."""
    return [child for each in grounds(gateway) for child in _children(each)]


def grounds(gateway: Gateway) -> list[int]:
    """The process ids of what a gateway's workers are forked from."""
    return [child for child in _children(gateway.process.pid) if b"forkserver" in _command(child)]


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(each) for each in text.split()]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
