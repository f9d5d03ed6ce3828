"""A certificate for `localhost`, and the authority that vouches for it; made by openssl."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files in PEM form."""

    authority: Path
    chain: Path
    key: Path

    def trusted(self) -> ssl.SSLContext:
        """Give a client's context that trusts the authority, and nobody else."""
        return ssl.create_default_context(cafile=str(self.authority))


def make(folder: Path) -> Certificate:
    """Make them, for a day.

    Raises:
        CalledProcessError: openssl could not.
    """
    made = Certificate(folder / "authority.pem", folder / "chain.pem", folder / "key.pem")
    authority_key = folder / "authority-key.pem"
    _request(made.authority, authority_key, "/CN=benchmarks")
    _request(
        made.chain,
        made.key,
        "/CN=localhost",
        *("-CA", str(made.authority), "-CAkey", str(authority_key)),
        *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *("-addext", "basicConstraints=critical,CA:FALSE"),
    )
    return made


def _request(certificate: Path, key: Path, subject: str, *more: str) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "1", "-subj", subject, "-keyout", str(key)]
    command += ["-out", str(certificate), *more]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - nothing of a user's
