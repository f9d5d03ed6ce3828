"""Embeddings end to end: Hugging Face arrays behind OpenAI's schema."""

import base64
import struct
from typing import Any

import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, error_of


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("good morning", ["good morning"]),
        (["good morning", "another item"], ["good morning", "another item"]),
        ([1, 2, 3], [[1, 2, 3]]),
        ([[1], [2, 3]], [[1], [2, 3]]),
    ],
)
def test_each_form_of_input(
    gateway: Gateway, emulated: Emulated, given: Any, sent: list[Any]
) -> None:
    """Texts and token ids, one or many: the container gets a list, the client a row for each."""
    answer = gateway.post("/v1/embeddings", {"model": "embed", "input": given}).json()

    assert emulated.body() == {"inputs": sent}
    assert [row["index"] for row in answer["data"]] == list(range(len(sent)))
    assert all(len(row["embedding"]) == 8 for row in answer["data"])
    assert answer["object"] == "list"
    assert answer["model"] == "embed"
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] > 0


def test_base64_is_the_same_numbers(gateway: Gateway, emulated: Emulated) -> None:
    """`base64` packs the rows as little-endian 32-bit floats; the container is not told of it."""
    request = {"model": "embed", "input": ["good morning", "x"], "user": "me"}

    plain = gateway.post("/embeddings", request).json()
    packed = gateway.post("/embeddings", {**request, "encoding_format": "base64"}).json()

    for row, other in zip(plain["data"], packed["data"], strict=True):
        numbers = struct.unpack("<8f", base64.b64decode(other["embedding"]))
        assert list(numbers) == pytest.approx(row["embedding"], rel=1e-6)
    assert {entry["body"] for entry in emulated.requests()} == {'{"inputs":["good morning","x"]}'}


def test_a_flat_row_is_one_embedding(gateway: Gateway) -> None:
    """A container that answers one input with a bare row is understood (compat D38)."""
    answer = gateway.post("/v1/embeddings", {"model": "embed-flat", "input": "x"}).json()

    assert len(answer["data"]) == 1
    assert len(answer["data"][0]["embedding"]) == 8


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "embed"}, "input"),
        ({"model": "embed", "input": []}, "input"),
        ({"model": "embed", "input": None}, "input"),
        ({"model": "embed", "input": 5}, "input"),
        ({"model": "embed", "input": {}}, "input"),
        ({"model": "embed", "input": "x", "encoding_format": "hex"}, "encoding_format"),
        ({"model": "embed", "input": "x", "dimensions": 0}, "dimensions"),
        ({"model": "embed", "input": "x", "dimensions": 3}, "dimensions"),
        ({"model": "embed", "input": ["x"] * 2049}, "input"),
        ({"model": "chat", "input": "x"}, "model"),
        ({"input": "x"}, "model"),
    ],
)
def test_bad_requests_name_their_parameter(
    gateway: Gateway, emulated: Emulated, body: dict[str, Any], param: str
) -> None:
    """Each is a 400 in OpenAI's shape that names the parameter, before anything is sent."""
    answer = gateway.post("/v1/embeddings", body)

    assert answer.status_code == 400
    assert error_of(answer)["type"] == "invalid_request_error"
    assert error_of(answer)["param"] == param
    assert emulated.requests() == []


def test_more_inputs_than_a_call_takes(gateway: Gateway) -> None:
    """They are split into several calls, and the rows come back in the client's order."""
    texts = [f"text {number}" for number in range(70)]

    many = gateway.post("/v1/embeddings", {"model": "embed", "input": texts}).json()
    last = gateway.post("/v1/embeddings", {"model": "embed", "input": texts[-1:]}).json()

    assert [row["index"] for row in many["data"]] == list(range(70))
    assert many["data"][-1]["embedding"] == last["data"][0]["embedding"]
