"""A callback's module beside a configuration, and what it has heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from proxy.callbacks.loading import callbacks
from proxy.config.schema import LitellmSettings

EAR = '''
import queue
import threading

class Ear:
    """Hears everything; `before` may be any pre-call hook."""

    def __init__(self):
        self.heard = queue.Queue()
        self.before = None
        self.released = threading.Event()

    def pre_call(self, asked, body):
        self.heard.put(("pre_call", asked))
        return None if self.before is None else self.before(asked, body)

    async def stream_end(self, record):
        self.heard.put(("stream_end", record))

    def success(self, record):
        self.heard.put(("success", record))

    async def failure(self, record):
        self.heard.put(("failure", record))

ear = Ear()
'''


def listening(folder: Path, name: str = "ears", code: str = EAR) -> Any:
    """Write the module, and give its `ear`: the very object that a gateway there will have."""
    (folder / f"{name}.py").write_text(code)
    return loaded(folder, f"{name}.ear")


def loaded(folder: Path | None, *names: str) -> Any:
    """Give the object of the first of these callbacks."""
    return callbacks(LitellmSettings(callbacks=names), folder)[0].target


def told(ear: Any, events: int) -> list[tuple[str, Any]]:
    """Give so many events, once they have come."""
    return [ear.heard.get(timeout=20) for _ in range(events)]
