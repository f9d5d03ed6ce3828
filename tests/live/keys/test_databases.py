"""Databases under load and out of reach: nothing is locked, no password is told."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.live import serving
from tests.live.keys.counter import Counter, general
from tests.live.leaks import MASTER_KEY
from tests.live.lifecycle.stage import File, served_by_all, until
from tests.live.processes import Process, clean_environment

SECRET = "planted-password-of-the-database"


def test_many_who_write_at_once(file: File) -> None:
    """Three workers that make, change and delete keys and write spend never meet a locked file."""
    with file.served("--num_workers", "3") as gateway:
        served_by_all(gateway, 3)
        counter = Counter(gateway)

        def work(number: int) -> set[int]:
            made = counter.made(key_alias=f"team-{number}", max_budget=1000)
            key = made["key"]
            codes = {counter.ask(key).status_code for _ in range(3)}
            codes.add(counter.post("/key/update", key=key, rpm_limit=100).status_code)
            codes.add(counter.ask(key).status_code)
            if number % 2:
                codes.add(counter.post("/key/delete", keys=[key]).status_code)
            return codes

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(work, range(16)))
        assert set().union(*answers) == {200}
        until(lambda: len(counter.get("/spend/logs")) == 64, "all spend in the database")
        assert counter.get("/key/list")["total_count"] == 8
        assert "locked" not in gateway.process.err
        assert "out_of_reach" not in gateway.process.err


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_database_that_is_not_there(file: File, count: str) -> None:
    """Without its database the gateway does not start: one line, exit code 1, and no password."""
    file.write(general_settings=general(f"postgresql://owner:{SECRET}@127.0.0.1:1/keys"))
    arguments = ["-m", "proxy", "--config", str(file.path), "--port", "0"]
    process = Process([*arguments, "--num_workers", count], clean_environment())
    try:
        assert process.ended() == 1
        (line,) = process.err.splitlines()
        assert line.startswith("database_url: the database can't be used: ")
        assert SECRET not in process.err + process.out
    finally:
        process.kill()


@pytest.mark.parametrize(
    "address",
    [
        f"mysql://owner:{SECRET}@127.0.0.1/keys",
        f"postgresql:owner:{SECRET}@127.0.0.1/keys",
        f"postgresql://owner:{SECRET}@127.0.0.1:port/keys",
        f"postgresql://owner:{SECRET}@127.0.0.1:99999/keys",
        f"postgresql://owner:{SECRET}@127.0.0.1:0/keys",
        f"postgresql://owner:{SECRET}@[::1/keys",
        f"postgresql://owner:{SECRET}@127.0.0.1:1/keys?sslmode=nonsense",
    ],
)
def test_addresses_that_are_none(file: File, address: str) -> None:
    """A malformed address is refused in words that do not repeat it, never with a traceback."""
    file.write(general_settings=general(address))
    arguments = ["-m", "proxy", "--config", str(file.path), "--port", "0"]
    process = Process(arguments, clean_environment())
    try:
        assert process.ended() == 1
        assert "database_url" in process.err
        assert "Traceback" not in process.err
        assert SECRET not in process.err + process.out
    finally:
        process.kill()


def test_a_redis_that_is_not_there(file: File) -> None:
    """With Redis out of reach neither an answer nor the log has its password, at any level."""
    password = SECRET.replace("database", "redis")
    settings = {"default_litellm_params": serving.defaults(file.emulator)}
    redis = {"redis_url": f"redis://someone:{password}@127.0.0.1:1/0"}
    for then, status in (("fail_open", 200), ("fail_closed", 503)):
        file.write(
            serving.model("chat", "sagemaker_chat/chat", rpm=100),
            router_settings={**settings, **redis, "limits_without_redis": then},
            general_settings={"master_key": MASTER_KEY},
        )
        with file.served("--detailed_debug") as gateway:
            answer = Counter(gateway).ask(MASTER_KEY)
            assert answer.status_code == status
            assert password not in answer.text + str(answer.headers)
            assert password not in gateway.process.err + gateway.process.out
