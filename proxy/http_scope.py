"""A connection's requests as ASGI describes them.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from httptools import parse_url
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from proxy.http_head import Head


class Scopes:
    """Describes requests; clients ask for the same again and again, so that is kept.

    Args:
        connection: That of the requests, once it is made.
    """

    __slots__ = ("_asked", "_common", "_root", "_scope", "_state")

    def __init__(self, connection: HttpToolsProtocol) -> None:
        self._root = connection.root_path
        self._state = connection.app_state
        self._common: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": connection.asgi_version, "spec_version": "2.3"},
            "server": connection.server,
            "client": connection.client,
            "scheme": connection.scheme,
            "root_path": self._root,
        }
        #: What was asked for last, and what is the same whenever it is asked for.
        self._asked: tuple[bytes, bytes, str] | None = None
        self._scope: dict[str, Any] = {}

    def of(self, head: Head) -> Any:
        """Give the scope of a request.

        Raises:
            HttpParserInvalidURLError: its target is none.
            UnicodeDecodeError: the same.
        """
        asked = (head.method, head.target, head.version)
        if asked != self._asked:
            self._scope = self._described(head)
            self._asked = asked
        return {**self._scope, "headers": head.headers, "state": self._state.copy()}

    def _described(self, head: Head) -> dict[str, Any]:
        target = parse_url(head.target)
        path = target.path.decode("ascii")
        return {
            **self._common,
            "http_version": head.version,
            "method": head.method.decode("ascii"),
            "path": self._root + (unquote(path) if "%" in path else path),
            "raw_path": self._root.encode("ascii") + target.path,
            "query_string": target.query or b"",
        }
