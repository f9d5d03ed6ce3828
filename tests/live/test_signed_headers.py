"""SageMaker's headers end to end: the emulator refuses those that are not signed."""

import json
from typing import Any

import pytest

from tests.live.emulated import Emulated, Entry
from tests.live.gateway import HELLO, Gateway, error_of

PREFIX = "x-amzn-sagemaker-"
ID = PREFIX + "inference-id"
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": HELLO}),
    "stream": ("/v1/chat/completions", {"messages": HELLO, "stream": True}),
    "text": ("/v1/completions", {"prompt": "Hi"}),
    "embedding": ("/v1/embeddings", {"input": "Hi"}),
}


def own_headers(entry: Entry) -> dict[str, str]:
    """A call's own headers of SageMaker's kind; each must be among the signed ones."""
    names = entry["headers"]["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    found = {name: value for name, value in entry["headers"].items() if name.startswith(PREFIX)}
    assert set(found) <= set(names)
    found.pop(PREFIX + "accept", None)
    return {name.removeprefix(PREFIX): value for name, value in found.items()}


@pytest.mark.parametrize(
    ("model", "route"),
    [
        ("headers", "chat"),
        ("headers", "stream"),
        ("headers", "text"),
        ("headers-text", "chat"),
        ("headers-text", "stream"),
        ("headers-text", "text"),
        ("headers-embed", "embedding"),
    ],
)
def test_a_models_headers_on_every_route(
    gateway: Gateway, emulated: Emulated, model: str, route: str
) -> None:
    """What the configuration says is signed and sent, whatever is asked for."""
    path, body = ROUTES[route]
    answer = gateway.post(path, {"model": model, **body})

    assert answer.status_code == 200, answer.text
    sent = own_headers(emulated.only())
    assert sent.pop("inference-id") == answer.headers[ID]
    assert sent == {
        "custom-attributes": "tier=gold",
        "target-variant": "AllTraffic",
        "target-container-hostname": "second",
        "session-id": "s-1",
        "prefix-aware-id": "team-a",
    }


@pytest.mark.parametrize("model", ["headers-model", "headers-explained"])
def test_what_streams_lack_is_asked_as_a_whole(
    gateway: Gateway, emulated: Emulated, model: str
) -> None:
    """A stream of such a model is cut from a whole answer."""
    stream = gateway.stream(model)

    assert stream.done
    assert stream.text()
    assert emulated.only()["operation"] == "invoke"


@pytest.mark.parametrize("route", ["chat", "stream", "embedding"])
def test_a_component_in_the_model_string(gateway: Gateway, emulated: Emulated, route: str) -> None:
    """`sagemaker_chat/<endpoint>/<component>` names the inference component."""
    path, body = ROUTES[route]
    gateway.post(path, {"model": "component-short", **body})

    entries = emulated.requests()
    assert all(entry["component"] == "second" for entry in entries)
    assert bool(entries) is (route != "embedding")


def test_a_session_from_its_start(gateway: Gateway, emulated: Emulated) -> None:
    """A client opens a session, gets its id back, and goes on in it, streaming or not."""
    headers = {"X-Amzn-SageMaker-Session-Id": "NEW_SESSION"}
    body = {"model": "headers-free", "messages": HELLO}
    opened = gateway.post("/v1/chat/completions", body, headers)
    session, _, expiry = opened.headers[PREFIX + "new-session-id"].partition("; ")
    assert expiry.startswith("Expires=")

    cut = gateway.post("/v1/chat/completions", {**body, "stream": True}, headers)
    assert cut.headers[PREFIX + "new-session-id"]
    headers = {"X-Amzn-SageMaker-Session-Id": session}
    for stream in (False, True):
        gateway.post("/v1/chat/completions", {**body, "stream": stream}, headers)

    calls = [(each["operation"], own_headers(each)["session-id"]) for each in emulated.requests()]
    assert calls == [
        ("invoke", "NEW_SESSION"),
        ("invoke", "NEW_SESSION"),
        ("invoke", session),
        ("stream", session),
    ]


def test_a_clients_other_headers_stay_outside(gateway: Gateway, emulated: Emulated) -> None:
    """Only what the model lists is sent on; a bad value of it is a 400."""
    headers = {f"X-Amzn-SageMaker-{name}": "evil" for name in ("Target-Model", "Target-Variant")}
    body = {"model": "headers-free", "messages": HELLO}
    assert gateway.post("/v1/chat/completions", body, headers).status_code == 200
    assert set(own_headers(emulated.only())) == {"inference-id"}

    bad = {"X-Amzn-SageMaker-Session-Id": "a_b"}
    answer = gateway.post("/v1/chat/completions", body, bad)
    assert (answer.status_code, error_of(answer)["param"]) == (400, "X-Amzn-SageMaker-Session-Id")


def test_the_records_and_the_log_join(gateway: Gateway, emulated: Emulated) -> None:
    """The log has the id that AWS records beside the client's own; choices are numbered."""
    mark = len(gateway.process.err)
    body = {"model": "tgi", "messages": HELLO, "n": 2}
    answer = gateway.post("/v1/chat/completions", body, {"x-litellm-call-id": "join-me"})

    inference_id = answer.headers[ID]
    line = json.loads(gateway.process.wait_for_line("call.finished", "join-me", since=mark))
    assert (line["call_id"], line["inference_id"]) == ("join-me", inference_id)
    ids = sorted(own_headers(entry)["inference-id"] for entry in emulated.requests())
    assert ids == [f"{inference_id}-1", f"{inference_id}-2"]


def test_the_first_bytes_of_a_body(gateway: Gateway, emulated: Emulated) -> None:
    """Prefix-aware routing sees the conversation first, however the client orders its fields."""
    path = "/v1/chat/completions"
    for model in ("headers", "tgi", "component-short", "openai-bodies"):
        for user, seed in (("a", 1), ("b", 2)):
            body = {"user": user, "seed": seed, "model": model, "messages": HELLO}
            assert gateway.post(path, body).status_code == 200
        first, second = (entry["body"] for entry in emulated.requests())
        emulated.forget()
        prefix = '{"inputs":' if model == "tgi" else '{"messages":[{"role":"user",'
        shared = next(i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
        assert first.startswith(prefix)
        assert "Köln" in first[:shared]


def test_a_large_request_names_its_largest_part(gateway: Gateway, emulated: Emulated) -> None:
    """413 before anything is sent: place and size, nothing of what it says (E10)."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 300_000}}
    messages = [*HELLO, {"role": "user", "content": [{"type": "text", "text": "?"}, image]}]
    for stream in (False, True):
        answer = gateway.post(
            "/v1/chat/completions", {"model": "small", "messages": messages, "stream": stream}
        )
        error = error_of(answer)
        assert (answer.status_code, error["param"]) == (413, "messages[1].content[1]")
        assert "'messages[1].content[1]' (image), has 0.3 MB" in error["message"]
        assert "AAA" not in error["message"]
    assert emulated.requests() == []
