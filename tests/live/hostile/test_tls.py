"""https by flags: what is spoken, what is refused, and what stops the start (H7)."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.live import serving
from tests.live.conftest import write
from tests.live.emulated import Emulated
from tests.live.hostile.certificates import Certificate, self_signed
from tests.live.leaks import MASTER_KEY
from tests.live.processes import PATIENCE, clean_environment, running

REQUEST = (
    f"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {MASTER_KEY}\r\n"
    "Connection: close\r\n\r\n"
).encode()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for 127.0.0.1."""
    return self_signed(tmp_path_factory.mktemp("tls"), "gateway")


@pytest.fixture(scope="module")
def port(
    certificate: Certificate,
    emulator_process: Emulated,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    """A gateway that speaks https only, started as users start it."""
    yaml = serving.written(serving.locked_gateway(emulator_process.url))
    arguments = [
        *("-m", "proxy", "--host", "127.0.0.1", "--port", "0"),
        *("--config", str(write(tmp_path_factory.mktemp("https"), yaml))),
        *flags(certificate.certificate, certificate.key),
        *("--ciphers", "ECDHE+AESGCM", "--hsts_max_age", "31536000", "--headers_timeout", "2"),
    ]
    with running(arguments, clean_environment()) as process:
        address = process.address()
        assert address.startswith("https://")
        yield int(address.rpartition(":")[2])


def flags(certificate: Path, key: Path) -> list[str]:
    return ["--ssl_certfile_path", str(certificate), "--ssl_keyfile_path", str(key)]


def trusting(certificate: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate.certificate))


def ask(port: int, context: ssl.SSLContext, data: bytes = REQUEST) -> tuple[bytes, str]:
    """Ask over TLS; give the answer and what was spoken."""
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        secure.sendall(data)
        reply = b"".join(iter(lambda: secure.recv(65536), b""))
        return reply, f"{secure.version()} {(secure.cipher() or ('',))[0]}"


def test_https_is_spoken(port: int, certificate: Certificate) -> None:
    """A client that trusts the certificate gets its answer, and is asked to keep to https."""
    reply, spoken = ask(port, trusting(certificate))
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert spoken.startswith("TLSv1.3 ")
    assert b"\r\nstrict-transport-security: max-age=31536000\r\n" in reply


def test_the_ciphers_are_those_of_the_flag(port: int, certificate: Certificate) -> None:
    """Up to TLS 1.2 only the listed ciphers are taken."""
    context = trusting(certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    _, spoken = ask(port, context)
    assert spoken.startswith("TLSv1.2 ECDHE-")
    context.set_ciphers("ECDHE+CHACHA20")
    with pytest.raises(ssl.SSLError):
        ask(port, context)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_are_not_spoken(port: int, certificate: Certificate) -> None:
    """TLS 1.1 and older are refused."""
    context = trusting(certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(port, context)


def test_strangers_certificates_are_not_trusted_by_chance(port: int) -> None:
    """The certificate is the one of the flag: a client that does not know it refuses."""
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(port, ssl.create_default_context())


def test_plain_http_gets_no_answer(port: int) -> None:
    """Without TLS nothing is answered, and nothing breaks."""
    with closing(socket.create_connection(("127.0.0.1", port), PATIENCE)) as plain:
        plain.sendall(REQUEST)
        try:
            reply = b"".join(iter(lambda: plain.recv(65536), b""))
        except ConnectionError:
            reply = b""
    assert b"HTTP/1.1 200" not in reply


def test_e02_slow_clients_are_cut_off_behind_tls_too(port: int, certificate: Certificate) -> None:
    """The times of headers hold under https as well (E2)."""
    reply, _ = ask(port, trusting(certificate), b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    assert reply.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("missing", "does not exist"),
        ("other key", "can't be used"),
        ("not a certificate", "can't be used"),
        ("empty", "can't be used"),
        ("key only", "need --ssl_certfile_path"),
        ("hsts only", "need --ssl_certfile_path"),
        ("bad ciphers", "can't be used"),
    ],
)
def test_h07_what_can_not_be_used_stops_the_start(
    certificate: Certificate, tmp_path: Path, case: str, said: str
) -> None:
    """A certificate that can't be read, or is another key's: one line, no traceback (H7)."""
    other = self_signed(tmp_path, "other")
    rubbish, empty = tmp_path / "rubbish.pem", tmp_path / "empty.pem"
    rubbish.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    empty.touch()
    arguments = {
        "missing": flags(tmp_path / "gone.pem", certificate.key),
        "other key": flags(certificate.certificate, other.key),
        "not a certificate": flags(rubbish, certificate.key),
        "empty": flags(empty, certificate.key),
        "key only": ["--ssl_keyfile_path", str(certificate.key)],
        "hsts only": ["--hsts_max_age", "1"],
        "bad ciphers": [*flags(certificate.certificate, certificate.key), "--ciphers", "NONSENSE"],
    }[case]
    yaml = write(tmp_path, serving.written(serving.small_gateway("http://127.0.0.1:9")))
    done = subprocess.run(
        [sys.executable, "-m", "proxy", "--config", str(yaml), "--port", "0", *arguments],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert "Traceback" not in done.stderr
