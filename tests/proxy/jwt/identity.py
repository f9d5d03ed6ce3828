"""An identity provider: its keys, its tokens, and a real HTTP server with its key set."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from adapters.base import Json

ISSUER = "https://login.example.com/"
AUDIENCE = "sagegate"
USER = "ada@example.com"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@cache
def _usual_key() -> rsa.RSAPrivateKey:
    return rsa_key()


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Make a key for RS256 and its kin."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def curve_key() -> ec.EllipticCurvePrivateKey:
    """Make a key for ES256."""
    return ec.generate_private_key(ec.SECP256R1())


class Identity:
    """The provider; what it serves may be changed at any time."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, Key]] = {"first": ("RS256", _usual_key())}
        #: In place of the key set: a status, headers and a body.
        self.instead: tuple[int, dict[str, str], bytes] | None = None
        #: How often it was asked, and for which paths.
        self.asked: list[str] = []
        self.url = ""

    def document(self) -> Json:
        """Give the key set."""
        rows = []
        for kid, (algorithm, key) in self.keys.items():
            public: Any = key.public_key()
            made = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
            rows.append({**made, "kid": kid, "use": "sig"})
        return {"keys": rows}

    def token(self, kid: str = "first", header: Json | None = None, /, **claims: Any) -> str:
        """Sign a token; a claim that is None is left out."""
        algorithm, key = self.keys[kid]
        headers: Json = {"kid": kid}
        headers.update(header or {})
        return jwt.encode(self.claims(**claims), key, algorithm, headers=headers)

    @staticmethod
    def claims(**claims: Any) -> Json:
        """Give the claims of a good token, with others in place of some."""
        now = int(time.time())
        good = {"iss": ISSUER, "aud": AUDIENCE, "sub": USER, "iat": now, "exp": now + 600}
        return {name: value for name, value in {**good, **claims}.items() if value is not None}

    def settings(self, **more: Any) -> Json:
        """Give the general settings of a gateway that trusts it."""
        of_issuer: Json = {
            name: more.pop(name) for name in ("algorithms", "audience", "issuer") if name in more
        }
        row = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": self.url, **of_issuer}
        return {"enable_jwt_auth": True, "litellm_jwtauth": {"issuers": [row], **more}}


@contextmanager
def provided() -> Iterator[Identity]:
    """Serve a provider's keys on loopback for the block."""
    identity = Identity()

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            identity.asked.append(self.path)
            status, headers, body = identity.instead or (
                200,
                {},
                json.dumps(identity.document()).encode(),
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing: a gateway that ends does not wait for the keys."""

    server = Server(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    identity.url = f"http://127.0.0.1:{server.server_port}/keys"
    try:
        yield identity
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
