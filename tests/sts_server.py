"""A scripted Security Token Service on loopback: real HTTP, AWS's XML, keys by number.

Runs on a thread, for tests with a loop and for tests with processes. It checks no signature: moto
and the emulator do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

PATIENCE = 30.0
ROLE = "arn:aws:iam::111122223333:role/teams/invoke-models"
#: Who a session of that role says that it is.
CALLER = "arn:aws:sts::111122223333:assumed-role/invoke-models/i-0123"
STRANGER = "arn:aws:iam::111122223333:user/somebody"

Triple = tuple[str, str, str]


def minted(number: int) -> Triple:
    """Give the keys of the n-th session."""
    return f"ASIAMINTED{number:010d}", f"minted/secret+{number:026d}", f"MintedToken{number:030d}"


@dataclass(frozen=True)
class Asked:
    """One request."""

    form: dict[str, str]
    headers: dict[str, str]

    @property
    def action(self) -> str:
        """The operation."""
        return self.form["Action"]

    @property
    def parameters(self) -> dict[str, str]:
        """What it was asked with."""
        return {key: self.form[key] for key in self.form if key not in {"Action", "Version"}}

    @property
    def scope(self) -> str:
        """The signer's key, day, region and service; empty for a request that is not signed."""
        return self.headers.get("authorization", "").partition("Credential=")[2].partition(",")[0]

    @property
    def signer(self) -> str:
        """The signer's access key."""
        return self.scope.partition("/")[0]


@dataclass
class Sts:
    """What the service does, and what it was asked."""

    url: str = ""
    life: timedelta = timedelta(hours=1)
    mint: Callable[[int], Triple] = minted
    caller: str = STRANGER
    #: Status, code and message of refusals, one for each request, then as ever.
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    #: Sent with status 200 in the place of an answer.
    garbage: str = ""
    #: Roles whose ARN ends so are never given.
    denied: str | None = None
    asked: list[Asked] = field(default_factory=list)
    sessions: int = 0
    #: Nobody is answered while it is not set.
    open: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def actions(self) -> list[str]:
        """Give the operations in their order."""
        return [each.action for each in self.asked]

    def only(self) -> Asked:
        """Give the only request."""
        (asked,) = self.asked
        return asked

    def answer(self, asked: Asked) -> tuple[int, str]:
        """Give status and body for a request."""
        with self._lock:
            self.asked.append(asked)
        self.open.wait(PATIENCE)
        with self._lock:
            if self.refusals:
                return _refused(*self.refusals.pop(0))
            if self.garbage:
                return 200, self.garbage
            role = asked.form.get("RoleArn", "")
            if self.denied is not None and role.endswith(self.denied):
                words = (
                    f"User: {self.caller} is not authorized to perform: sts:AssumeRole on {role}"
                )
                return _refused(403, "AccessDenied", words)
            if asked.action == "GetCallerIdentity":
                return 200, _result(asked.action, f"<Arn>{self.caller}</Arn>")
            self.sessions += 1
            return 200, _result(asked.action, self._credentials(self.mint(self.sessions)))

    def _credentials(self, triple: Triple) -> str:
        key, secret, token = map(escape, triple)
        end = (datetime.now(UTC) + self.life).isoformat()
        return (
            f"<Credentials><AccessKeyId>{key}</AccessKeyId>"
            f"<SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>"
            f"<Expiration>{end}</Expiration></Credentials>"
        )


def _result(action: str, content: str) -> str:
    return (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{action}Result>{content}</{action}Result></{action}Response>"
    )


def _refused(status: int, code: str, message: str) -> tuple[int, str]:
    return status, (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>r-1</RequestId></ErrorResponse>"
    )


@contextmanager
def serve_sts() -> Iterator[Sts]:
    """Run the service, open and willing."""
    sts = Sts()
    sts.open.set()

    class Requests(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, text = sts.answer(Asked(dict(parse_qsl(body)), headers))
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    sts.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield sts
    finally:
        sts.open.set()
        server.shutdown()
        thread.join()
        server.server_close()
