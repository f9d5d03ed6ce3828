import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.server import running_emulator
from emulator.settings import ACCOUNT, parse
from tests.emulator.callers import CHAT, TOKEN, Emulated, sign
from tests.emulator.native import PATH, chat, error_of, token

COMPONENT = "x-amzn-sagemaker-inference-component"
STREAM = {**CHAT, "stream": True}
KINDS: dict[str, dict[str, Any]] = {
    "lmi": {"kind": "lmi"},
    "lines": {"kind": "messages", "framing": "jsonlines"},
    "tgi-all": {"kind": "tgi", "flavour": "all"},
    "tgi-messages": {"kind": "tgi", "flavour": "messages"},
    "tgi-inputs": {"kind": "tgi"},
    "nova": {"kind": "nova"},
    "embeddings": {"kind": "embeddings"},
    "no-operation": {"kind": "messages", "streaming": False},
}


@pytest.fixture(scope="module")
def many() -> Iterator[Emulated]:
    """An emulator with one endpoint for each kind of container."""
    settings = parse({"endpoints": KINDS, "stream_seconds": 1}, "test")
    with running_emulator(settings) as url, Emulated(url) as emulated:
        yield emulated


def test_chat(emulated: Emulated) -> None:
    """A chat with a token is answered by the container, with AWS's headers."""
    answer = chat(emulated, "demo-chat")
    assert answer.status_code == 200
    assert "Köln" in answer.json()["choices"][0]["message"]["content"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-amzn-invoked-production-variant"] == "AllTraffic"
    assert answer.headers["x-amzn-requestid"] == emulated.requests()[0]["request_id"]


def test_stream(emulated: Emulated) -> None:
    """A stream is the container's own server-sent events, without frames."""
    answer = chat(emulated, "demo-chat", STREAM)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.strip().split("\n\n")
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]"


def test_components(emulated: Emulated) -> None:
    """The component is in the path: missing, unknown and unneeded ones are refused."""
    answer = chat(emulated, "demo-components", component="demo-component")
    assert "demo-component" in answer.json()["choices"][0]["message"]["content"]
    assert emulated.requests()[0]["component"] == "demo-component"
    refused = [
        chat(emulated, "demo-components"),
        chat(emulated, "demo-components", component="other"),
        chat(emulated, "demo-components", component="-"),
        chat(emulated, "demo-chat", component="demo-component"),
        chat(emulated, "demo-components", headers={COMPONENT: "demo-component"}),
    ]
    for each in refused:
        assert error_of(each)["code"] == "validation_error"
    assert "not found" in error_of(refused[1])["message"]
    assert "in the path" in error_of(refused[4])["message"]


def test_unknown_endpoint(emulated: Emulated) -> None:
    """AWS's 400 in OpenAI's envelope, with the account's number."""
    assert error_of(chat(emulated, "nobody")) == {
        "message": f"Endpoint nobody of account {ACCOUNT} not found.",
        "type": "invalid_request_error",
        "code": "validation_error",
    }
    assert emulated.requests()[0]["outcome"] == "400 validation_error"


def test_the_journal_keeps_no_token(emulated: Emulated) -> None:
    """The journal tells path, operation and identity, and nothing that gives access."""
    made = token("ASIATEMPORARYEXAMPLE", "temporary", TOKEN)
    chat(emulated, "demo-chat", STREAM, bearer=made)
    (entry,) = emulated.requests()
    assert entry["path"] == f"/endpoints/demo-chat{PATH}"
    assert (entry["operation"], entry["outcome"]) == ("stream", "200")
    assert entry["headers"]["authorization"].startswith("Bearer Credential=ASIATEMPORARYEXAMPLE/")
    assert made not in json.dumps(entry)
    assert TOKEN not in json.dumps(entry)


def test_wrong_tokens(emulated: Emulated) -> None:
    """A wrong token is 403, in the front door's words, and the container is not asked."""
    for bearer in (token(secret_key="x"), token(region="eu-west-1"), "x"):
        answer = chat(emulated, "demo-chat", bearer=bearer)
        assert answer.status_code == 403
        assert answer.headers["x-amzn-errortype"].endswith("Exception")
    assert {entry["outcome"][:3] for entry in emulated.requests()} == {"403"}


def test_a_signed_request_is_refused(emulated: Emulated) -> None:
    """Signature version 4 in headers is no way in."""
    url = f"{emulated.url}/endpoints/demo-chat{PATH}"
    body = json.dumps(CHAT).encode()
    headers = sign("POST", url, body, {"content-type": "application/json"})
    assert emulated.http.post(url, content=body, headers=headers).status_code == 403
    assert emulated.http.post(url, content=body).status_code == 403


@pytest.mark.parametrize(
    "path", ["/openai/v1/completions", "/openai/v1/embeddings", "/openai/v1/models", "/openai"]
)
def test_no_other_path(emulated: Emulated, path: str) -> None:
    """Only chat is routed."""
    answer = emulated.http.post(
        f"/endpoints/demo-chat{path}", json={}, headers={"authorization": f"Bearer {token()}"}
    )
    assert answer.status_code == 404


@pytest.mark.parametrize("endpoint", ["lmi", "lines", "tgi-all", "tgi-messages", "no-operation"])
def test_containers_that_chat(many: Emulated, endpoint: str) -> None:
    """LMI, TGI with messages and vLLM chat here, streaming too, whatever the operation offers."""
    assert "Köln" in chat(many, endpoint).text
    answer = chat(many, endpoint, STREAM)
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) > 3


@pytest.mark.parametrize("endpoint", ["tgi-inputs", "nova", "embeddings"])
def test_containers_that_do_not(many: Emulated, endpoint: str) -> None:
    """A container without the route answers 404, in AWS's sentence."""
    error = error_of(chat(many, endpoint))
    assert (error["type"], error["code"]) == ("server_error", "model_error")
    assert error["message"].startswith("Received client error (404) from primary with message")


@pytest.mark.parametrize("body", [{"prompt": "x"}, {"input": "x"}, {}, []])
def test_bodies_that_are_no_chat(emulated: Emulated, body: Any) -> None:
    """The route takes chats only, though the container's `/invocations` takes more."""
    error = error_of(chat(emulated, "demo-chat", body))
    assert error["code"] == "model_error"
    assert "Received client error (400)" in error["message"]
    assert "Field required" in error["message"]


def test_a_body_that_is_no_json(emulated: Emulated) -> None:
    """The container's word on it comes back wrapped."""
    answer = emulated.http.post(
        f"/endpoints/demo-chat{PATH}",
        content=b"{",
        headers={"authorization": f"Bearer {token()}"},
    )
    assert "Invalid JSON" in error_of(answer)["message"]


@pytest.mark.parametrize(
    ("fault", "options", "code", "start"),
    [
        ("no_capacity", {}, "validation_error", "Inference Component has no capacity"),
        ("validation_error", {"message": "m"}, "validation_error", "m"),
        ("model_error", {"status": 503}, "model_error", "Received server error (503) from"),
        ("model_error", {"status": 0}, "model_error", "Received server error (0) from"),
        ("model_unreadable", {}, "model_error", "Received client error (400) from"),
    ],
)
def test_refusals_in_the_envelope(
    emulated: Emulated, fault: str, options: dict[str, Any], code: str, start: str
) -> None:
    """AWS's refusals and the container's errors have the shapes that were seen live."""
    emulated.fault("demo-chat", fault, **options)
    error = error_of(chat(emulated, "demo-chat"))
    assert error["code"] == code
    assert error["message"].startswith(start)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("access_denied", 403), ("throttling", 400), ("internal_failure", 500), ("html_page", 502)],
)
def test_other_refusals(emulated: Emulated, fault: str, status: int) -> None:
    """What was not seen there is answered as on the other routes."""
    emulated.fault("demo-chat", fault)
    answer = chat(emulated, "demo-chat")
    assert answer.status_code == status
    assert "error" not in (answer.json() if fault != "html_page" else {})


@pytest.mark.parametrize("cuts", ["every_byte", "utf8_split", "empty_parts", "random:7"])
def test_cuts(emulated: Emulated, cuts: str) -> None:
    """However the bytes are cut, none is lost."""
    emulated.fault("demo-chat", "cuts", cuts=cuts)
    text = chat(emulated, "demo-chat", STREAM).text
    deltas = [json.loads(event[6:]) for event in text.strip().split("\n\n")[:-1]]
    said = "".join(choice["delta"].get("content") or "" for e in deltas for choice in e["choices"])
    assert "Köln" in said


def test_a_cut_connection(emulated: Emulated) -> None:
    """A reset in the middle of a stream, or of an answer, breaks the body off."""
    emulated.fault("demo-chat", "reset_mid_stream")
    for body in (CHAT, STREAM):
        with pytest.raises(httpx.TransportError):
            chat(emulated, "demo-chat", body)
    assert [entry["outcome"] for entry in emulated.requests()] == ["reset", "reset"]


def test_no_finish(emulated: Emulated) -> None:
    """A stream that ends cleanly too early has no `[DONE]`."""
    emulated.fault("demo-chat", "no_finish")
    text = chat(emulated, "demo-chat", STREAM).text
    assert text
    assert "[DONE]" not in text


def test_the_stream_s_wall(many: Emulated) -> None:
    """A stream that is too long is broken off: there is no frame to say it in."""
    many.forget()
    many.fault("lines", "slow_records", seconds=0.3)
    with pytest.raises(httpx.TransportError):
        chat(many, "lines", STREAM)


def test_frame_faults_wait_for_frames(emulated: Emulated) -> None:
    """A fault of event-stream frames is not used up here, and hits the next framed stream."""
    emulated.fault("demo-chat", "truncated_frame", times=1)
    assert "[DONE]" in chat(emulated, "demo-chat", STREAM).text
    assert emulated.http.get("/_emulator/faults").json()[0]["times"] == 1
