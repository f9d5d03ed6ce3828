"""Several processes on one database, and what a process's end leaves (case A9)."""

import os
import signal
import time

import httpx
import pytest

from tests.live import serving
from tests.live.gateway import Gateway, error_of
from tests.live.keys.counter import BOUND, Counter, general
from tests.live.leaks import MASTER_KEY
from tests.live.lifecycle.stage import File, reload, served_by_all, until, workers
from tests.live.processes import Process, clean_environment
from tests.postgres_server import PostgresServer


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a09_two_workers(request: pytest.FixtureRequest, file: File, kind: str) -> None:
    """A9: both workers take a new key at once, and within the bound neither takes a revoked one."""
    if kind == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        file.write(general_settings=general(server.url))
    with file.served("--num_workers", "2") as gateway:
        served_by_all(gateway, 2)
        counter = Counter(gateway)
        made = counter.made()
        assert counter.statuses(made["key"]) == {200}

        counter.post("/key/block", key=made["key"])
        time.sleep(BOUND + 0.5)
        assert counter.statuses(made["key"]) == {401}
        counter.post("/key/unblock", key=made["key"])
        time.sleep(BOUND + 0.5)
        assert counter.statuses(made["key"]) == {200}
        counter.post("/key/delete", keys=[made["key"]])
        time.sleep(BOUND + 0.5)
        assert counter.statuses(made["key"]) == {401}


def test_a_killed_worker_loses_little(file: File) -> None:
    """What was spent longer ago than the bound survives `kill -9`; keys do anyway."""
    with file.served("--num_workers", "2") as gateway:
        served_by_all(gateway, 2)
        counter = Counter(gateway)
        made = counter.made(max_budget=100)
        assert {counter.ask(made["key"]).status_code for _ in range(6)} == {200}
        until(lambda: len(counter.get("/spend/logs")) == 6, "the spend in the database")
        killed = workers(gateway)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        until(lambda: set(workers(gateway)).isdisjoint(killed) and _serve(gateway), "new workers")
        assert counter.statuses(made["key"]) == {200}
        assert counter.get("/key/info", key=made["key"])["info"]["spend"] > 0
        assert len(counter.get("/spend/logs")) == 6


def _serve(gateway: Gateway) -> bool:
    """Whether both workers serve again; a dead one's connections are reset."""
    try:
        return bool(reload(gateway).json()["workers"] == 2)
    except httpx.TransportError:
        return False


def test_a_reload_keeps_virtual_keys_and_changes_static_ones(file: File) -> None:
    """After a reload the file's keys are the new ones (H5), and the database's are as they were."""
    with file.served() as gateway:
        counter = Counter(gateway)
        made = counter.made()
        assert counter.statuses("sk-a-key-to-come-later", 1) == {401}
        file.write(
            serving.model("chat", "sagemaker_chat/chat"),
            keys=[{"key": "sk-a-key-to-come-later"}],
            general_settings=general(f"sqlite:///{file.path.parent / 'keys.db'}"),
        )
        assert reload(gateway).status_code == 200
        assert counter.statuses("sk-a-key-to-come-later", 1) == {200}
        assert counter.statuses(made["key"], 1) == {200}

        file.write(general_settings=general("sqlite:////nowhere/at/all.db"))
        refused = reload(gateway)
        assert refused.status_code >= 400
        assert "nowhere" not in refused.text
        assert counter.statuses(made["key"], 1) == {200}
        assert error_of(refused)


def test_a_database_that_cannot_be_used(file: File) -> None:
    """At the start that is one line and exit code 1 (H7), also with several workers."""
    file.write(general_settings=general("sqlite:////nowhere/at/all.db"))
    for count in ("1", "2"):
        arguments = ["-m", "proxy", "--config", str(file.path), "--port", "0"]
        process = Process([*arguments, "--num_workers", count], clean_environment())
        try:
            assert process.ended() == 1
            assert process.err.splitlines() == [
                "database_url: the file can't be opened: No such file or directory"
            ]
        finally:
            process.kill()


def test_a14_keys_in_the_wrong_place(file: File) -> None:
    """A14: a lock in the wrong block stops the start with a hint; never an open proxy."""
    for sections in (
        {"litellm_settings": {"master_key": MASTER_KEY}},
        {"general_settings": {"keys": [{"key": "sk-long-enough-key"}]}},
        {"litellm_settings": {"database_url": "sqlite:////tmp/keys.db"}},
    ):
        file.write(**{"general_settings": {}, **sections})
        process = Process(["-m", "proxy", "--config", str(file.path)], clean_environment())
        try:
            assert process.ended() == 1
            assert "belongs" in process.err
            assert MASTER_KEY not in process.err
        finally:
            process.kill()
