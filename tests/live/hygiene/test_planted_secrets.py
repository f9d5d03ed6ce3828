"""Every route, called well and badly, at every level of the log: nothing planted comes out."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.hygiene import planted
from tests.live.hygiene.conftest import Plant
from tests.live.leaks import MASTER_KEY

LEVELS = [(), ("--detailed_debug", "--num_workers", "2")]
MESSAGES = [{"role": "user", "content": planted.PROMPT}]
#: The only one that may show a key: the one that makes it, to the administrator.
MAKES_KEYS = {"/key/generate", "/key/regenerate"}
ENDS = "/health/drain"
BODY: dict[str, Any] = {
    "messages": MESSAGES,
    "prompt": planted.PROMPT,
    "input": planted.PROMPT,
    "query": planted.PROMPT,
    "documents": [planted.PROMPT],
    "user": planted.PROMPT,
}
BAD_BODIES: list[bytes] = [
    b"",
    b'{"model": "chat", "messages": [{"content": "' + planted.PROMPT.encode(),
    json.dumps({**BODY, "model": "nobody"}).encode(),
    json.dumps({**BODY, "model": "chat", "aws_secret_access_key": planted.WRONG_KEY}).encode(),
    json.dumps({**BODY, "model": "chat", "messages": planted.PROMPT}).encode(),
    json.dumps({**BODY, "model": "chat", "key": planted.WRONG_KEY}).encode(),
    json.dumps({**BODY, "model": "chat", "stop": [planted.PROMPT, 1]}).encode(),
]
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("validation_error", {"message": planted.TELLTALE}),
    *(("model_error", {"message": planted.QUOTING, "status": n}) for n in (0, 400, 404, 422, 500)),
    ("model_unreadable", {}),
    ("model_not_ready", {"message": planted.TELLTALE}),
    ("internal_failure", {"message": planted.TELLTALE}),
    ("service_unavailable", {"message": planted.TELLTALE}),
    ("internal_dependency", {"message": planted.TELLTALE}),
    ("throttling", {"message": planted.TELLTALE}),
    ("access_denied", {}),
    ("expired_token", {}),
    ("no_capacity", {}),
    ("unknown_operation", {}),
    ("html_page", {}),
    ("html_page", {"status": 200}),
    ("reset", {}),
]
STREAM_FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("reset_mid_stream", {"after": 2}),
    ("stream_error", {"after": 2, "message": planted.QUOTING}),
    ("stream_error", {"after": 0, "message": planted.QUOTING}),
    ("stream_failure", {"after": 2, "message": planted.TELLTALE}),
    ("error_frame", {"after": 2, "code": "X", "message": planted.TELLTALE}),
    ("unknown_event", {"after": 2}),
    ("truncated_frame", {"after": 2}),
    ("corrupted_crc", {"after": 2}),
    ("no_finish", {}),
]
#: What the log must have been asked for, so that finding nothing in it means something.
EVENTS = {
    "cache.store_out",
    "call.finished",
    "credentials.missing",
    "endpoint.cold",
    "key.generated",
    "limits.redis_lost",
    "reload.done",
    "reload.refused",
    "request.refused",
}


class Visitor:
    """Calls a gateway with several keys, and looks at each reply."""

    def __init__(self, gateway: Gateway) -> None:
        self._http = httpx.Client(base_url=gateway.url, trust_env=False, timeout=30)
        self.made: dict[str, str] = {}
        answer = self._http.post("/key/generate", json={}, headers=shown(MASTER_KEY))
        assert answer.status_code == 200, answer.text
        self.made["virtual key"] = answer.json()["key"]

    @property
    def headers(self) -> list[dict[str, str]]:
        """No key, a wrong one, in each place, and the right ones."""
        wrong = planted.WRONG_KEY
        return [
            {},
            shown(wrong),
            {"x-api-key": wrong},
            {"authorization": f"Basic {wrong}"},
            shown(planted.STATIC_KEY),
            shown(self.made["virtual key"]),
            shown(MASTER_KEY),
        ]

    def call(self, method: str, path: str, headers: dict[str, str], **more: Any) -> None:
        """Calls once; what comes back is looked at."""
        answer = self._http.request(method, path, headers=headers, **more)
        if path in MAKES_KEYS and answer.status_code == 200:
            self.made[f"key {len(self.made)}"] = answer.json()["key"]
            return
        planted.assert_nothing_told(answer.text + str(answer.headers), self.made)

    def ask(self, model: str, **more: Any) -> None:
        """Asks for a chat with the ordinary key."""
        body = {"model": model, "messages": MESSAGES, **more}
        self.call("POST", "/v1/chat/completions", shown(planted.STATIC_KEY), json=body)

    def leave(self) -> None:
        """Asks for a stream, and goes away after its first bytes."""
        body = {"model": "chat", "messages": MESSAGES, "stream": True}
        with self._http.stream(
            "POST", "/v1/chat/completions", json=body, headers=shown(MASTER_KEY)
        ) as answer:
            next(answer.iter_bytes())

    def routes(self) -> Iterator[tuple[str, str]]:
        """What the gateway says that it serves, but for its end."""
        paths = self._http.get("/openapi.json", headers=shown(MASTER_KEY)).json()["paths"]
        for path, methods in paths.items():
            # The same handler answers with and without the version.
            if path != ENDS and path.removeprefix("/v1").removeprefix("/v2") in {path, ""}:
                yield from ((method.upper(), path.replace("{id}", "chat")) for method in methods)

    def close(self) -> None:
        """Ends its connections."""
        self._http.close()


def shown(key: str) -> dict[str, str]:
    """The header with a key."""
    return {"authorization": f"Bearer {key}"}


def visit_every_route(visitor: Visitor) -> None:
    """Each route with each key: a good body, bad ones, and a key in the query."""
    for method, path in visitor.routes():
        for headers in visitor.headers:
            visitor.call(method, path, headers, params={"key": planted.IN_A_QUERY})
            if method == "POST":
                visitor.call(method, path, headers, json={**BODY, "model": "chat"})
        for content in BAD_BODIES if method == "POST" else ():
            headers = {**visitor.headers[-1], "content-type": "application/json"}
            visitor.call(method, path, headers, content=content)
    for key in visitor.headers:
        visitor.call("GET", "/nowhere", key, params={"api_key": planted.IN_A_QUERY})


def meet_every_fault(visitor: Visitor, emulator: Emulated) -> None:
    """Each of AWS's and the container's errors, whole and streamed, before and in the stream."""
    for fault, options in FAULTS:
        for stream in (False, True):
            for model in ("chat", "tgi"):
                emulator.fault(model, fault, times=1, **options)
                visitor.ask(model, stream=stream, cache={"no-cache": True})
                emulator.forget()
    for fault, options in STREAM_FAULTS:
        for model in ("chat", "tgi"):
            emulator.fault(model, fault, times=1, operation="stream", **options)
            visitor.ask(model, stream=True, cache={"no-cache": True})
            emulator.forget()
    for model in ("role", "closed", "missing", "native"):
        for stream in (False, True):
            visitor.ask(model, stream=stream)


@pytest.mark.parametrize("flags", LEVELS, ids=str)
def test_nothing_planted_is_ever_told(
    plant: Plant, emulator: Emulated, flags: tuple[str, ...]
) -> None:
    """Replies, pages, metrics and the log at each level have no secret; replies no name of AWS's.

    Cases K1 to K4 and K7: routes from the gateway's own list, all keys, all faults, bad reloads.
    """
    with plant(*flags) as (gateway, file):
        visitor = Visitor(gateway)
        visit_every_route(visitor)
        meet_every_fault(visitor, emulator)
        visitor.leave()
        good = file.path.read_text(encoding="utf-8")
        for bad in broken(good):
            file.path.write_text(bad, encoding="utf-8")
            visitor.call("POST", "/config/reload", shown(MASTER_KEY))
        said = len(gateway.process.err)
        gateway.process.send(signal.SIGHUP)
        gateway.process.wait_for_line("reload", since=said)
        visitor.close()
    process = gateway.process
    told = {event for event in EVENTS if f'"event":"{event}' in process.err}
    assert told == EVENTS
    planted.assert_log_is_discreet((process.out + process.err).splitlines(), visitor.made)


def broken(good: str) -> Iterator[str]:
    """The file, broken where a secret stands: by type, by name, by place and by syntax."""
    content = json.loads(good)
    for section, value in (
        ("general_settings", {"master_key": [MASTER_KEY]}),
        ("general_settings", {"master_kye": MASTER_KEY}),
        ("master_key", MASTER_KEY),
        ("litellm_settings", {"cache_params": {"password": [planted.CACHE_PASSWORD]}}),
        ("router_settings", {"redis_url": f"http://:{planted.REDIS_PASSWORD}@127.0.0.1:9"}),
        ("keys", [{"key": planted.STATIC_KEY, "rpm": planted.STATIC_KEY}]),
        ("general_settings", {"database_url": f"x://u:{planted.DATABASE_PASSWORD}@h/d"}),
        ("environment_variables", {"PLANTED": [planted.EXPORTED]}),
    ):
        yield json.dumps({**content, section: value})
    yield good + f"\n master_key: {MASTER_KEY}"
    yield f"general_settings: {{master_key: '{MASTER_KEY}"
    yield f"- {MASTER_KEY}"
