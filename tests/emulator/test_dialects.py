"""Every kind of container over the wire: botocore calls, true frames, AWS's errors."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.server import running_emulator
from emulator.settings import Settings, parse
from tests.emulator.callers import Emulated

INPUTS = {"inputs": "Hello"}
CHAT = {"messages": [{"role": "user", "content": "Hello"}]}
DIALOGS = {"inputs": [CHAT["messages"]]}

KINDS: dict[str, dict[str, Any]] = {
    "lmi": {"kind": "lmi", "reply": "one two"},
    "lmi-sse": {"kind": "lmi", "reply": "one two", "framing": "sse"},
    "lmi-static": {"kind": "lmi_static", "reply": "one two"},
    "llama2": {"kind": "llama2", "reply": "one two"},
    "llama2-streams": {"kind": "llama2", "reply": "one two", "streaming": True},
    "custom": {"kind": "custom", "reply": "one two", "shape": "outputs"},
    "nova": {"kind": "nova", "reply": "one two"},
    "vectors": {"kind": "embeddings", "vendor": "cohere", "dimensions": 2},
    "ranks": {"kind": "rerank"},
}


@pytest.fixture(scope="module")
def settings() -> Settings:
    """An endpoint for each kind."""
    return parse({"endpoints": KINDS}, "test")


@pytest.fixture(scope="module")
def serving(settings: Settings) -> Iterator[Emulated]:
    """A running emulator."""
    with running_emulator(settings) as url, Emulated(url) as emulated:
        yield emulated


def text_of(lines: bytes) -> str:
    """The increments of a stream, joined."""
    records = [json.loads(line.removeprefix(b"data:")) for line in lines.split(b"\n") if line]
    return "".join(_piece(record) for record in records)


def _piece(record: dict[str, Any]) -> str:
    if "token" in record:
        return str(record["token"]["text"])
    return str(record["outputs"][0] if "outputs" in record else record["generation"])


@pytest.mark.parametrize("endpoint", ["lmi", "lmi-sse", "lmi-static", "custom"])
def test_streams_of_inputs(emulated: Emulated, endpoint: str) -> None:
    """Each dialect's stream comes in frames of one record, and says the text once."""
    parts = list(emulated.parts(endpoint, INPUTS))
    assert len(parts) > 1
    assert all(part.endswith(b"\n") for part in parts)
    assert text_of(b"".join(parts)) == "one two"


def test_licence(emulated: Emulated) -> None:
    """Custom attributes reach the container: without them the licence is a ModelError 424."""
    with pytest.raises(ClientError, match="accept_eula=true") as caught:
        emulated.invoke("llama2", DIALOGS)
    response: Any = caught.value.response
    assert response["OriginalStatusCode"] == 424
    answer = emulated.invoke("llama2", DIALOGS, CustomAttributes="accept_eula=true")
    assert answer[0]["generation"]["content"] == "one two"


def test_llama2_streams_only_when_told(emulated: Emulated) -> None:
    """A Llama-2 endpoint refuses the streaming operation unless it was configured to stream."""
    accepted = {"CustomAttributes": "accept_eula=true"}
    with pytest.raises(ClientError, match="Streaming is not supported"):
        emulated.invoke_streaming("llama2", DIALOGS, **accepted)
    assert text_of(emulated.invoke_streaming("llama2-streams", DIALOGS, **accepted)) == "one two"


def test_nova(emulated: Emulated) -> None:
    """Nova streams events that end with `[DONE]`, and refuses a model as a ModelError 400."""
    assert emulated.invoke_streaming("nova", CHAT).endswith(b"data: [DONE]\n\n")
    with pytest.raises(ClientError) as caught:
        emulated.invoke("nova", {**CHAT, "model": "x"})
    response: Any = caught.value.response
    assert response["OriginalStatusCode"] == 400


def test_vectors_and_ranks(emulated: Emulated) -> None:
    """Vendors' embeddings and ranks are documents."""
    body = {"texts": ["a"], "input_type": "search_query", "embedding_types": ["float"]}
    assert len(emulated.invoke("vectors", body)["embeddings"]["float"][0]) == 2
    ranks = emulated.invoke("ranks", {"query": "a", "texts": ["b", "a"]})
    assert [each["index"] for each in ranks] == [1, 0]


@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize("endpoint", ["lmi", "lmi-sse"])
def test_no_finish(emulated: Emulated, endpoint: str, *, details: bool) -> None:
    """The fault takes the last record away, which alone holds text and details."""
    emulated.fault(endpoint, "no_finish")
    body = {**INPUTS, "parameters": {"details": details}}
    stream = emulated.invoke_streaming(endpoint, body)
    assert text_of(stream) == "one two"
    assert b"generated_text" not in stream
