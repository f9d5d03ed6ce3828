"""Several processes that serve together: one may die, all end, and none is left behind."""

import os
import signal
import time
from pathlib import Path

import httpx

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.lifecycle.stage import (
    ADMIN,
    File,
    OpenStream,
    grounds,
    models,
    reload,
    served_by_all,
    until,
    workers,
)
from tests.live.processes import Process, clean_environment

OTHER = serving.model("other", "sagemaker_chat/steady")
#: Fresh connections in a row: as good as certain to meet each of three workers.
MANY = 20
#: Where the workers' folder is.
MEMORY = Path("/dev/shm")  # noqa: S108 - only looked at


def test_a_killed_worker_is_replaced(file: File) -> None:
    """Of three workers one is killed with -9: the others serve, and there are three again (H6).

    The new one has the configuration of the last reload, not that of the start.
    """
    with file.served("--num_workers", "3") as gateway:
        served_by_all(gateway, 3)
        file.write(OTHER)
        assert reload(gateway).json()["workers"] == 3
        before = workers(gateway)
        assert len(before) == 3
        os.kill(before[0], signal.SIGKILL)

        until(lambda: before[0] not in workers(gateway), "it is gone")
        for _ in range(MANY):
            assert models(gateway) == ["other"]
        gateway.process.wait_for_line("worker.replaced", str(before[0]), "-9")
        until(lambda: len(workers(gateway)) == 3, "a new worker")
        served_by_all(gateway, 3)
        for _ in range(MANY):
            assert models(gateway) == ["other"]


def test_workers_outlive_what_they_are_forked_from(file: File) -> None:
    """SIGTERM does nothing to it; when it is killed its workers serve, and are still replaced."""
    with file.served("--num_workers", "2") as gateway:
        served_by_all(gateway, 2)
        (ground,), before = grounds(gateway), workers(gateway)
        os.kill(ground, signal.SIGTERM)
        assert workers(gateway) == before
        os.kill(ground, signal.SIGKILL)
        until(lambda: not grounds(gateway), "it is gone")
        served_by_all(gateway, 2)
        os.kill(before[0], signal.SIGKILL)

        gateway.process.wait_for_line("worker.replaced", str(before[0]))
        until(lambda: len(workers(gateway)) == 1, "a new worker, from a new ground")
        served_by_all(gateway, 2)


def test_one_worker_can_be_stopped(file: File, emulated: Emulated) -> None:
    """A worker that gets SIGTERM by itself finishes what it serves, and is replaced."""
    emulated.fault("chat", "slow_records", seconds=0.1)
    with file.served("--num_workers", "2") as gateway:
        served_by_all(gateway, 2)
        streams = [OpenStream(gateway) for _ in range(4)]
        first = workers(gateway)[0]
        os.kill(first, signal.SIGTERM)

        assert all(stream.events()[-1] == "[DONE]" for stream in streams)
        until(lambda: first not in workers(gateway), "it is gone")
        served_by_all(gateway, 2)


def test_ctrl_c_is_one_signal_for_all(file: File, emulated: Emulated) -> None:
    """A terminal sends Ctrl-C to parent and workers alike; that is still the first signal."""
    emulated.fault("chat", "slow_records", seconds=0.1)
    with file.served("--num_workers", "2") as gateway:
        served_by_all(gateway, 2)
        streams = [OpenStream(gateway) for _ in range(4)]
        for worker in workers(gateway):
            os.kill(worker, signal.SIGINT)
        gateway.process.send(signal.SIGINT)

        assert all(stream.events()[-1] == "[DONE]" for stream in streams)
        assert gateway.process.ended() == 0


def test_any_worker_passes_a_reload_on(file: File) -> None:
    """SIGHUP at one worker reloads all of them."""
    with file.served("--num_workers", "2") as gateway:
        served_by_all(gateway, 2)
        file.write(OTHER)
        os.kill(workers(gateway)[0], signal.SIGHUP)

        until(lambda: all(models(gateway) == ["other"] for _ in range(MANY)), "all have it")


def test_a_storm_of_signals_is_few_reloads(file: File) -> None:
    """Signals that come while a reload is under way are one: the file is read once more."""
    with file.served("--num_workers", "2") as gateway:
        served_by_all(gateway, 2)
        before = gateway.process.err.count("reload.done")
        for _ in range(200):
            gateway.process.send(signal.SIGHUP)
            time.sleep(0.001)
        file.write(OTHER)
        gateway.process.send(signal.SIGHUP)
        until(lambda: models(gateway) == ["other"], "the last one counts")
        assert gateway.process.err.count("reload.done") - before < 100


def test_workers_do_not_outlive_their_parent(file: File) -> None:
    """When the parent is killed with -9 its workers end by themselves and free the port.

    The folder that they shared is gone with them.
    """
    arguments = ["-m", "proxy", "--config", str(file.path), "--host", "127.0.0.1", "--port", "0"]
    process = Process([*arguments, "--num_workers", "2"], clean_environment())
    try:
        gateway = Gateway(process)
        gateway.wait_until_ready()
        until(lambda: len(workers(gateway)) == 2, "two workers")
        left = workers(gateway)
        shared = list(MEMORY.glob(f"sagegate-{process.pid}-*"))
        assert len(shared) == 1
        process.send(signal.SIGKILL)

        until(lambda: not any(Path(f"/proc/{each}").exists() for each in left), "they are gone")
        gateway.close()
        assert not shared[0].exists()
        try:
            httpx.get(gateway.url, trust_env=False)
        except httpx.ConnectError:
            return
        raise AssertionError("somebody still listens")
    finally:
        process.kill()


def test_a_stuck_worker_is_killed(file: File) -> None:
    """A worker that does not end, whatever it is told, is killed; the code says that it was so."""
    arguments = ["-m", "proxy", "--config", str(file.path), "--host", "127.0.0.1", "--port", "0"]
    process = Process([*arguments, "--num_workers", "2"], clean_environment())
    try:
        gateway = Gateway(process)
        gateway.http.headers.update(ADMIN)
        served_by_all(gateway, 2)
        gateway.close()
        os.kill(workers(gateway)[0], signal.SIGSTOP)
        process.send(signal.SIGTERM)
        until(lambda: len(workers(gateway)) == 1, "the other one has ended")
        process.send(signal.SIGTERM)

        assert process.ended() == 1
        process.wait_for_line("worker.killed")
    finally:
        process.kill()
