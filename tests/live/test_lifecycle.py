"""Starting and stopping: signals with open streams, taken ports, broken files, one-model mode."""

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import serving
from tests.live.conftest import StartGateway, write
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, events
from tests.live.leaks import ACCESS_KEY, MASTER_KEY, REGION, SECRET_KEY
from tests.live.processes import PATIENCE, Process, clean_environment, running

ENTRY = "model_list:\n- model_name: a\n  litellm_params:\n    model: "
STREAM = {"model": "chat", "messages": HELLO, "stream": True}


@pytest.fixture
def small(start: StartGateway, emulated: Emulated) -> Iterator[Gateway]:
    """A gateway of the test's own."""
    with start(serving.written(serving.small_gateway(emulated.url))) as gateway:
        yield gateway


def command(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Runs the gateway's command to its end."""
    process = Process(["-m", "proxy", *arguments], clean_environment(**variables))
    try:
        code = process.ended()
        return subprocess.CompletedProcess(list(arguments), code, process.out, process.err)
    finally:
        process.kill()


def assert_one_clear_line(done: "subprocess.CompletedProcess[str]", *texts: str) -> None:
    """The command failed with words, not with a traceback."""
    assert done.returncode not in {0, None}
    assert "Traceback" not in done.stderr
    for text in texts:
        assert text in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_lets_streams_finish(
    start: StartGateway, emulated: Emulated, number: signal.Signals
) -> None:
    """After SIGTERM or Ctrl-C an open stream goes on to its `[DONE]`, then code 0 (case H1)."""
    emulated.fault("chat", "slow_records", seconds=0.1)
    with start(serving.written(serving.small_gateway(emulated.url))) as gateway:
        with gateway.http.stream("POST", "/v1/chat/completions", json=STREAM) as answer:
            parts = answer.iter_text()
            text = next(parts)
            gateway.process.send(number)
            wait_until_refused(gateway)
            text += "".join(parts)

        assert events(text)[-1] == "[DONE]"
        assert gateway.process.ended() == 0


def test_a_signal_lets_plain_calls_finish(start: StartGateway, emulated: Emulated) -> None:
    """A call under way when SIGTERM comes has its answer."""
    emulated.fault("chat", "slow_first_byte", seconds=1)
    body = json.dumps({"model": "chat", "messages": HELLO}).encode()
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    with (
        start(serving.written(serving.small_gateway(emulated.url))) as gateway,
        gateway.connect() as connection,
    ):
        connection.sendall(request + body)
        emulated.counts(open=1)
        gateway.process.send(signal.SIGTERM)
        received = b"".join(iter(lambda: connection.recv(65536), b""))

        assert received.startswith(b"HTTP/1.1 200 ")
        assert gateway.process.ended() == 0


def test_a_second_signal_is_prompt(small: Gateway, emulated: Emulated) -> None:
    """A second Ctrl-C does not wait for a stream that hangs; the call to AWS is given up."""
    emulated.fault("chat", "slow_records", seconds=600)
    with small.http.stream("POST", "/v1/chat/completions", json=STREAM) as answer:
        next(answer.iter_raw())
        small.process.send(signal.SIGINT)
        wait_until_refused(small)
        small.process.send(signal.SIGINT)

        assert small.process.ended() == 0
    emulated.counts(open=0)


def wait_until_refused(gateway: Gateway) -> None:
    """Waits until new connections are refused, which is how a signal shows that it has arrived."""
    deadline = threading.Event()
    timer = threading.Timer(PATIENCE, deadline.set)
    timer.start()
    try:
        while not deadline.is_set():
            try:
                socket.create_connection(gateway.address, timeout=1).close()
            except OSError:
                return
    finally:
        timer.cancel()
    raise AssertionError("the gateway still accepts connections")


def test_a_taken_port(small: Gateway, tmp_path: Path, emulated: Emulated) -> None:
    """A taken port is one clear line and an exit code, never another port."""
    path = write(tmp_path, serving.written(serving.small_gateway(emulated.url)))

    done = command("--config", str(path), "--port", str(small.address[1]))

    assert_one_clear_line(done, str(small.address[1]), "--port")
    assert len(done.stderr.splitlines()) <= 2


def test_a_valid_file(tmp_path: Path) -> None:
    """`--validate_config` exits 0, says how many models there are, and listens nowhere."""
    path = write(tmp_path, serving.written(serving.small_gateway("http://127.0.0.1:9")))

    done = command("--config", str(path), "--validate_config")

    assert (done.returncode, done.stdout) == (0, "configuration is valid: 1 model\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model_list: [", ("config-0.yaml:", "YAML")),
        ("model_lst: []", ("model_lst", "model_list", "config-0.yaml:1")),
        ("model_list: []", ("model_list",)),
        ("general_settings:\n  master_key: os.environ/NOT_SET\n", ("NOT_SET", "master_key", ":2")),
        (
            ENTRY + "sagemaker/e\n    aws_secret_acess_key: x\n",
            ("aws_secret_acess_key", "aws_secret_access_key", ":5"),
        ),
        (
            ENTRY + "sagemaker-chat/e\n",
            ("sagemaker_chat/", ":4"),
        ),
        (
            ENTRY + "sagemaker/a_b\n",
            ("a_b", ":4"),
        ),
    ],
)
def test_a_broken_file(tmp_path: Path, text: str, said: tuple[str, ...]) -> None:
    """A broken file is told with its line and the nearest right name, exit code 1 (case H7).

    `--validate_config` and a start say the same.
    """
    path = write(tmp_path, text)

    checked = command("--config", str(path), "--validate_config")
    started = command("--config", str(path), "--port", "0")

    for done in (checked, started):
        assert done.returncode == 1
        assert_one_clear_line(done, *said)


def test_an_open_door_stays_shut(tmp_path: Path) -> None:
    """Without a key the gateway refuses other hosts than loopback, and says the ways out."""
    path = write(tmp_path, serving.written(serving.small_gateway("http://127.0.0.1:9")))

    done = command("--config", str(path), "--host", "0.0.0.0", "--port", "0")

    assert done.returncode == 1
    assert_one_clear_line(done, "master_key", "LITELLM_MASTER_KEY", "dangerously_permit")


def test_one_model_without_a_file(emulated: Emulated) -> None:
    """`--model` serves one model, with flags and AWS's own variables in place of a file.

    `LITELLM_MASTER_KEY` locks it; `--health` and `--test` ask it.
    """
    environment = clean_environment(
        AWS_ACCESS_KEY_ID=ACCESS_KEY,
        AWS_SECRET_ACCESS_KEY=SECRET_KEY,
        AWS_REGION_NAME=REGION,
        LITELLM_MASTER_KEY=MASTER_KEY,
    )
    flags = ["--model", "sagemaker/tgi", "--api_base", emulated.url, "--temperature", "0.3"]
    flags += ["--max_tokens", "9", "--host", "127.0.0.1", "--port", "0"]
    with running(["-m", "proxy", *flags], environment) as process:
        gateway = Gateway(process)
        gateway.wait_until_ready()
        body = {"model": "sagemaker/tgi", "messages": HELLO}
        headers = {"authorization": f"Bearer {MASTER_KEY}"}

        assert gateway.post("/v1/chat/completions", body).status_code == 401
        assert gateway.post("/v1/chat/completions", body, headers).status_code == 200
        path = "/openai/deployments/sagemaker/tgi/chat/completions"
        assert gateway.post(path, body, headers).status_code == 200
        port = str(gateway.address[1])
        healthy = command("--health", "--port", port, LITELLM_MASTER_KEY=MASTER_KEY)
        tested = command("--test", "--port", port, LITELLM_MASTER_KEY=MASTER_KEY)
        gateway.close()

    assert emulated.requests()[0]["body"] == (
        '{"inputs":"Where is Köln?","parameters":{"temperature":0.3,"max_new_tokens":9}}'
    )
    assert healthy.returncode == tested.returncode == 0, healthy.stderr + tested.stderr
    assert MASTER_KEY not in process.out + process.err + healthy.stdout + tested.stdout


def test_two_workers(start: StartGateway, emulated: Emulated) -> None:
    """`--num_workers 2` serves whole answers and streams, and ends with code 0 as one does."""
    configuration = serving.written(serving.small_gateway(emulated.url))
    with start(configuration, "--num_workers", "2") as gateway:
        for _ in range(4):
            assert gateway.chat("chat").status_code == 200
            assert gateway.stream("chat").done


def test_starting_without_aws(start: StartGateway) -> None:
    """Without AWS and keys the gateway starts; a call is a 502 that is not retried (case H8)."""
    configuration = json.dumps(
        {
            "model_list": [
                serving.model("lost", "sagemaker/e", sagemaker_base_url="http://127.0.0.1:9")
            ]
        }
    )
    with start(configuration, HOME=os.devnull) as gateway:
        answer = gateway.chat("lost")

        assert answer.status_code == 502
        assert answer.json()["error"]["type"] == "upstream_error"
        assert answer.headers["x-should-retry"] == "false"


def test_the_emulator_says_what_is_wrong(emulated: Emulated, tmp_path: Path) -> None:
    """The emulator's command is as clear: a taken port and a broken file are no tracebacks."""
    broken = write(tmp_path, "endpoints: {a: {kind: nothing}}")
    port = emulated.url.rpartition(":")[2]
    for flags in (["--port", port], ["--config", str(broken)]):
        process = Process(["-m", "emulator", *flags], clean_environment())
        try:
            assert process.ended() != 0
            assert "Traceback" not in process.err
            assert "Error" in process.err
        finally:
            process.kill()
