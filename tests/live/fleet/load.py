"""Load on a fleet: clients behind a balancer that knows which replicas are there."""

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.live.fleet.stage import Replica
from tests.live.gateway import HELLO, Gateway
from tests.live.keys.counter import shown
from tests.live.processes import PATIENCE

#: Clients at once, and the seconds that each pauses after an answer: load, and not overload.
_CLIENTS = 9
_PAUSE = 0.03


@dataclass(frozen=True)
class Outcome:
    """One request: whom it went to, when, and its status; 0 where the connection broke."""

    gateway: Gateway
    began: float
    ended: float
    status: int

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


class Load:
    """Requests for one model with one key, over all replicas in turn."""

    def __init__(self, fleet: Sequence[Replica], model: str, key: str) -> None:
        self.outcomes: list[Outcome] = []
        self._body = {"model": model, "messages": HELLO}
        self._headers = shown(key)
        self._fleet = list(fleet)
        self._turns = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(_CLIENTS)]

    def leave_out(self, replica: Replica) -> None:
        """Send nothing more to a replica, as a balancer does that has seen it fail."""
        self._fleet = [each for each in self._fleet if each is not replica]

    def take_in(self, replica: Replica) -> None:
        """Send to a replica as well."""
        self._fleet = [*self._fleet, replica]

    @property
    def statuses(self) -> set[int]:
        """How requests ended so far."""
        return {each.status for each in self.outcomes}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ask for the block."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(PATIENCE)

    def go_on(self, seconds: float) -> None:
        """Let it go on for a while, and until there are a few more answers."""
        time.sleep(seconds)
        count, ends = len(self.outcomes) + _CLIENTS, time.monotonic() + PATIENCE
        while len(self.outcomes) < count:
            assert time.monotonic() < ends, "nobody is answered"
            time.sleep(0.02)

    def _ask_on(self) -> None:
        clients: dict[str, httpx.Client] = {}
        while not self._over.is_set():
            fleet = self._fleet
            gateway = fleet[next(self._turns) % len(fleet)].gateway
            if gateway.url not in clients:
                clients[gateway.url] = httpx.Client(trust_env=False, timeout=PATIENCE)
            self.outcomes.append(self._ask(clients[gateway.url], gateway))
            self._over.wait(_PAUSE)
        for client in clients.values():
            client.close()

    def _ask(self, client: httpx.Client, gateway: Gateway) -> Outcome:
        began, url = time.monotonic(), f"{gateway.url}/v1/chat/completions"
        try:
            status = client.post(url, json=self._body, headers=self._headers).status_code
        except httpx.TransportError:
            status = 0
        return Outcome(gateway, began, time.monotonic(), status)
