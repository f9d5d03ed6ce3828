"""The headers of an answer: whose call it was, who served it."""

import json
import re

import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_who_served_it(gateway: Gateway, emulated: Emulated, stream: bool) -> None:
    """An answer tells its deployment, AWS's request id and the variant, streaming or not."""
    answer = gateway.post(CHAT, {"model": "chat", "messages": HELLO, "stream": stream})

    headers = answer.headers
    request_id = emulated.only()["request_id"]
    assert headers["x-amzn-requestid"] == request_id
    assert headers["llm_provider-x-amzn-requestid"] == request_id
    assert headers["x-amzn-invoked-production-variant"] == "AllTraffic"
    assert headers["x-litellm-model-id"] == "the-chat-deployment"
    assert headers["x-litellm-model-group"] == "chat"
    assert headers["x-litellm-version"]
    assert "x-litellm-model-api-base" not in headers  # upstream addresses are for administrators
    assert "server" not in headers


def test_deployments_have_ids_of_their_own(gateway: Gateway) -> None:
    """Without a configured id one is derived: stable, and different for each deployment."""
    ids = [gateway.chat(model).headers["x-litellm-model-id"] for model in ("tgi", "lines", "tgi")]

    assert ids[0] == ids[2] != ids[1]
    assert all(ids)


@pytest.mark.parametrize(
    ("given", "echoed"),
    [
        ("my-call-1", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("with space", False),
        ("<script>", False),
        ("é", False),
        ("", False),
    ],
)
def test_the_call_s_id(gateway: Gateway, given: str, echoed: bool) -> None:
    """A client's own id comes back on every kind of answer; what is none gets a new one."""
    headers = [(b"x-litellm-call-id", given.encode()), (b"content-type", b"application/json")]
    for answer in (
        gateway.http.get("/v1/models", headers=headers),
        gateway.http.get("/nowhere", headers=headers),
        gateway.http.post(CHAT, content=b"{", headers=headers),
        gateway.http.post(CHAT, content=b" " * 9_000_000, headers=headers),
        gateway.http.post(
            CHAT,
            content=b'{"model":"tgi","messages":[{"role":"user","content":"x"}],"stream":true}',
            headers=headers,
        ),
    ):
        call_id = answer.headers["x-litellm-call-id"]
        assert (call_id == given) is echoed
        assert echoed or UUID.fullmatch(call_id)
        assert answer.headers["x-request-id"] == call_id


def test_the_log_line_of_a_call(gateway: Gateway, emulated: Emulated) -> None:
    """The log names the same ids as the answer, and how the call ended."""
    mark = len(gateway.process.err)

    gateway.post(CHAT, {"model": "chat", "messages": HELLO}, {"x-litellm-call-id": "find-me"})

    line = gateway.process.wait_for_line("call.finished", "find-me", since=mark)
    assert emulated.only()["request_id"] in line
    assert '"status":200' in line
    assert "Köln" not in line
    assert "K\\u00f6ln" not in line


def test_the_pages(gateway: Gateway) -> None:
    """`/`, `/docs` and `/openapi.json` say what is served."""
    root = gateway.http.get("/")
    docs = gateway.http.get("/docs")
    described = gateway.http.get("/openapi.json").json()

    assert root.status_code == 200
    assert docs.headers["content-type"].startswith("text/html")
    assert "/openapi.json" in docs.text
    assert described["openapi"].startswith("3.")
    text = json.dumps(described)
    for reference in re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text):
        assert reference in described.get("components", {}).get("schemas", {})
    for path in ("/v1/chat/completions", "/v1/embeddings", "/v1/models"):
        assert path in described["paths"]
