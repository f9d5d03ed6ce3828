"""Replicas of one gateway, each a process that can be killed and started again."""

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.live import serving
from tests.live.gateway import Gateway
from tests.live.keys.counter import general
from tests.live.leaks import REGION
from tests.live.lifecycle.stage import ADMIN
from tests.live.processes import Process, clean_environment
from tests.redis_server import RedisServer

#: Longer than any test here.
REST = 60
#: Seconds between two probes of a cold endpoint.
PACE = 1.0
#: Requests a minute, by which limits are told apart here.
RPM = 30
#: What each token of a prompt costs.
PRICE = 0.001

EMULATOR: serving.Yaml = {
    "regions": [REGION],
    "journal": 20_000,
    "credentials": serving.EMULATOR["credentials"],
    "endpoints": {
        **{name: {"kind": "messages"} for name in ("plain", "priced", "limited", "one", "two")},
        "sleepy": {"kind": "messages", "inference_components": ["first"]},
    },
}


def configuration(emulator: str, redis: str, database: str) -> str:
    """What all replicas serve."""
    limited = [serving.model(f"limited-{n}", "sagemaker_chat/limited") for n in range(3)]
    return serving.written(
        {
            "model_list": [
                *limited,
                serving.model("plain", "sagemaker_chat/plain"),
                serving.model("priced", "sagemaker_chat/priced", input_cost_per_token=PRICE),
                serving.model("pair", "sagemaker_chat/one", info={"id": "one"}, order=0),
                serving.model("pair", "sagemaker_chat/two", info={"id": "two"}, order=1),
                serving.model(
                    "sleepy",
                    "sagemaker_chat/sleepy/first",
                    cold_start_wait=60,
                    cold_start_probe_interval=PACE,
                ),
            ],
            "router_settings": {
                "default_litellm_params": serving.defaults(emulator),
                "redis_url": redis,
                "cooldown_time": REST,
                "num_retries": 1,
                "model_group_limits": {f"limited-{n}": {"rpm": RPM} for n in range(3)},
            },
            "general_settings": general(database),
        }
    )


class Replica:
    """One replica; it may be another process than it was."""

    def __init__(self, number: int, config: Path) -> None:
        self.number = number
        self._config = config
        self.gateway = self._started()

    def kill(self) -> None:
        """Ends it at once, as a machine that fails."""
        os.kill(self.gateway.process.pid, signal.SIGKILL)
        assert self.gateway.process.ended() == -signal.SIGKILL
        self.gateway.close()
        self.gateway.process.kill()

    def start(self) -> None:
        """Starts it again, on another port."""
        self.gateway = self._started()

    def stop(self) -> None:
        """Stops it as an orchestrator does; it must not have tripped over anything."""
        process = self.gateway.process
        self.gateway.close()
        process.send(signal.SIGTERM)
        try:
            assert process.ended() == 0, process.err
            assert not process.failures, process.failures
        finally:
            process.kill()

    def status(self, deployment: str) -> str:
        """How it thinks that a deployment does."""
        told: dict[str, list[dict[str, Any]]] = self.gateway.http.get("/health").json()
        every = told["healthy_endpoints"] + told["unhealthy_endpoints"]
        status: str = next(each["status"] for each in every if each["model_id"] == deployment)
        return status

    def _started(self) -> Gateway:
        arguments = ["-m", "proxy", "--config", str(self._config), "--port", "0"]
        process = Process([*arguments, "--host", "127.0.0.1"], clean_environment())
        try:
            gateway = Gateway(process)
            gateway.http.headers.update(ADMIN)
            gateway.wait_until_ready()
        except BaseException:
            process.kill()
            raise
        return gateway


@contextmanager
def replicas(count: int, config: Path) -> Iterator[list[Replica]]:
    """So many replicas; each must end well."""
    with contextlib.ExitStack() as stack:
        started = []
        for number in range(count):
            started.append(Replica(number, config))
            stack.callback(started[-1].stop)
        yield started


@contextmanager
def away(redis: RedisServer, way: str) -> Iterator[None]:
    """Takes Redis away for the block: it is killed, with all that it knew, or answers nothing."""
    if way == "killed":
        redis.kill()
    else:
        os.kill(redis.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if way == "killed":
            redis.start()
        else:
            os.kill(redis.pid, signal.SIGCONT)


def log_of(fleet: Sequence[Replica], event: str) -> int:
    """How often all logs together say something."""
    return sum(each.gateway.process.err.count(f'"{event}"') for each in fleet)
