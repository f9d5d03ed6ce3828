"""A configuration that changes while it is served: at once for new requests, never for old ones."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest.mock import ANY

import httpx
import pytest

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of
from tests.live.leaks import ACCESS_KEY, MASTER_KEY, REGION, SECRET_KEY
from tests.live.lifecycle.stage import (
    ADMIN,
    STREAM,
    File,
    OpenStream,
    descriptors,
    models,
    reload,
    served_by_all,
    until,
)
from tests.live.processes import clean_environment, running

CHAT = serving.model("chat", "sagemaker_chat/chat")
OTHER = serving.model("other", "sagemaker_chat/steady")
#: Fresh connections in a row: as good as certain to meet each of three workers.
MANY = 20


class Load:
    """Clients that ask without a pause, plain and streaming, and note what did not succeed."""

    def __init__(self, gateway: Gateway) -> None:
        self.done = 0
        self.failed: list[str] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(gateway.url, index % 2 == 1))
            for index in range(4)
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Asks during the block."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(30)

    def has_done_more_than(self, count: int) -> bool:
        """Whether it goes on."""
        return self.done > count

    def _ask(self, url: str, stream: bool) -> None:
        body = {**STREAM, "stream": stream}
        with httpx.Client(base_url=url, headers=ADMIN, trust_env=False, timeout=30) as client:
            while not self._over.is_set():
                try:
                    answer = client.post("/v1/chat/completions", json=body)
                except httpx.HTTPError as error:
                    self.failed.append(repr(error))
                    continue
                whole = answer.text.endswith("data: [DONE]\n\n") if stream else True
                if answer.status_code != 200 or not whole:
                    self.failed.append(answer.text)
                self.done += 1


@pytest.mark.parametrize("count", [1, 3], ids=["one", "workers"])
def test_no_request_fails(file: File, count: int) -> None:
    """Reloads under load, by signal and by request, cost not one request (case H3)."""
    with file.served("--num_workers", str(count)) as gateway:
        served_by_all(gateway, count)
        load = Load(gateway)
        with load.running():
            for number in range(10):
                before = load.done
                file.write(CHAT, serving.model(f"new-{number}", "sagemaker_chat/steady"))
                if number % 2:
                    gateway.process.send(signal.SIGHUP)
                else:
                    assert reload(gateway).json()["workers"] == count
                name = f"new-{number}"
                until(partial(_is_listed, gateway, name), name)
                until(partial(load.has_done_more_than, before), "an answer")
        assert load.failed == []
        assert load.done > 10


def _is_listed(gateway: Gateway, name: str) -> bool:
    return name in models(gateway)


def test_a_changed_key_and_a_removed_model(file: File) -> None:
    """Once the answer to a reload is there every worker has the new key and models (case H5).

    Also a worker that has only just begun to start.
    """
    file.write(CHAT, OTHER)
    with file.served("--num_workers", "3") as gateway:
        assert models(gateway) == ["chat", "other"]
        key = "sk-another-long-enough-key"
        file.write(OTHER, general_settings={"master_key": key})

        answer = reload(gateway)

        told = answer.json()
        assert told == {"status": "reloaded", "workers": told["of"], "of": ANY, "notices": []}
        for _ in range(MANY):
            assert models(gateway, {"authorization": f"Bearer {key}"}) == ["other"]
            refused = httpx.get(f"{gateway.url}/v1/models", headers=ADMIN, trust_env=False)
            assert refused.status_code == 401


@pytest.mark.parametrize("count", ["1", "2"], ids=["one", "workers"])
def test_a_broken_file(file: File, count: str) -> None:
    """A file that can't be used is refused with line and reason, to the administrator alone.

    The old one goes on being served, and the next good one is taken (case H4).
    """
    with file.served("--num_workers", count) as gateway:
        file.path.write_text(
            "model_list:\n- model_name: a\n  litellm_params: {model: sagemaker/a_b}"
        )

        answer = reload(gateway)

        assert answer.status_code == 400
        error = error_of(answer)
        assert error["code"] == "invalid_configuration"
        assert "config.yaml:3" in error["message"]
        assert "a_b" in error["message"]
        stranger = httpx.post(f"{gateway.url}/config/reload", trust_env=False)
        assert stranger.status_code == 401
        assert "config.yaml" not in stranger.text
        gateway.process.send(signal.SIGHUP)
        until(lambda: gateway.process.err.count("reload.refused") == 2, "the second refusal")
        assert "config.yaml:3" in gateway.process.wait_for_line("reload.refused")
        for _ in range(MANY):
            assert models(gateway) == ["chat"]

        file.write(OTHER)
        assert reload(gateway).status_code == 200
        assert models(gateway) == ["other"]


def test_what_is_under_way_keeps_its_configuration(file: File, emulated: Emulated) -> None:
    """A stream whose model a reload removes goes on to its end; new requests get a 404."""
    emulated.fault("chat", "slow_records", seconds=0.1)
    with file.served() as gateway:
        stream = OpenStream(gateway)
        file.write(OTHER)
        assert reload(gateway).status_code == 200

        gone = gateway.http.post("/v1/chat/completions", json=STREAM)

        assert (gone.status_code, error_of(gone)["code"]) == (404, "model_not_found")
        assert stream.events()[-1] == "[DONE]"


def test_everything_in_the_file_takes_effect(file: File, emulated: Emulated) -> None:
    """Body limit, origins, public routes, timeouts, the log's form, and exported variables."""
    origin = {"origin": "https://a.example.com"}
    with file.served(environment="before") as gateway:
        large = {**STREAM, "user": "x" * 200_000}
        assert gateway.http.post("/v1/chat/completions", json=large).status_code == 200
        allowed = gateway.http.get("/v1/models", headers=origin)
        assert allowed.headers["access-control-allow-origin"] == "*"

        file.write(
            serving.model("chat", "sagemaker_chat/chat", timeout=1),
            serving.model("named", "sagemaker_chat/chat", custom_attributes="os.environ/A_NAME"),
            environment_variables={"A_NAME": "tier=gold"},
            general_settings={
                "master_key": MASTER_KEY,
                "max_request_size_mb": 0.1,
                "allowed_origins": ["https://b.example.com"],
                "public_routes": ["/v1/models"],
            },
        )
        assert reload(gateway).status_code == 200

        assert gateway.http.post("/v1/chat/completions", json=large).status_code == 413
        refused = gateway.http.get("/v1/models", headers=origin)
        assert "access-control-allow-origin" not in refused.headers
        assert models(gateway, {"x-nothing": ""}) == ["chat", "named"]
        emulated.forget()
        assert gateway.text("named")
        headers = {name.lower(): value for name, value in emulated.only()["headers"].items()}
        assert headers["x-amzn-sagemaker-custom-attributes"] == "tier=gold"
        emulated.fault("chat", "slow_first_byte", seconds=20)
        assert gateway.chat("chat").status_code == 408

        file.write(CHAT)
        assert reload(gateway).status_code == 200
        file.write(CHAT, serving.model("n", "sagemaker_chat/chat", body_model="os.environ/A_NAME"))
        unset = reload(gateway)
        assert (unset.status_code, "A_NAME" in unset.text) == (400, True)


def test_nothing_is_left_behind(file: File) -> None:
    """After 50 reloads, with calls in between, as many files and sockets are open as before."""
    with file.served() as gateway:
        settled = _reloaded(gateway, file, 5)
        assert _reloaded(gateway, file, 50) <= settled + 2


def _reloaded(gateway: Gateway, file: File, times: int) -> int:
    """Reloads so many times; the descriptors that are open then."""
    for number in range(times):
        file.write(CHAT, serving.model(f"m-{number}", "sagemaker_chat/steady"))
        assert reload(gateway).status_code == 200
        assert gateway.chat(f"m-{number}").status_code == 200
    return descriptors(gateway.process.pid)


def test_without_a_file(emulated: Emulated) -> None:
    """Without a file there is nothing to change: a reload gives the same model again."""
    environment = clean_environment(
        AWS_ACCESS_KEY_ID=ACCESS_KEY, AWS_SECRET_ACCESS_KEY=SECRET_KEY, AWS_REGION_NAME=REGION
    )
    flags = ["--model", "sagemaker_chat/chat", "--api_base", emulated.url, "--port", "0"]
    with running(["-m", "proxy", *flags], environment) as process:
        gateway = Gateway(process)
        gateway.wait_until_ready()
        json = {"content-type": "application/json"}
        assert gateway.http.post("/config/reload", headers=json).status_code == 200
        body = {"model": "sagemaker_chat/chat", "messages": HELLO}
        assert gateway.post("/v1/chat/completions", body).status_code == 200
        gateway.close()
