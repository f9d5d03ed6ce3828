"""Embeddings on every kind of container: whatever the shape, one right vector for each input."""

import base64
import json
import math
import struct
from typing import Any

import openai
import pytest

from emulator.containers.vectors import vector
from tests.live.dialects.deployments import KEYS, SHAPES
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, Json, error_of

pytestmark = pytest.mark.xdist_group("dialects")
TEXTS = ["good morning", "Köln 🌍", "a"]
#: Models whose containers give TEI's vectors, in whatever shape and under whatever key.
HUGGING_FACE = [*(f"shape-{shape}" for shape in SHAPES), *(f"key-{key}" for key in KEYS)]
HUGGING_FACE += ["named-hf", "tei", "tens"]
#: Containers that count tokens themselves.
COUNTING = ["openai", "openai-embed", "raw-vectors", "cohere", "voyage"]
EVERY = [*HUGGING_FACE, *COUNTING]
#: The dialects that take no token ids.
TEXT_ONLY = {"cohere", "voyage"}

each_model = pytest.mark.parametrize("model", EVERY)


def embed(gateway: Gateway, model: str, given: Any, **more: Any) -> Json:
    """A whole answer."""
    answer = gateway.post("/v1/embeddings", {"model": model, "input": given, **more})
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def rows(body: Json) -> list[list[float]]:
    """The vectors; their places are their order."""
    assert [item["index"] for item in body["data"]] == list(range(len(body["data"])))
    return [item["embedding"] for item in body["data"]]


def assert_near(found: list[list[float]], sources: list[Any], wide: int = 8) -> None:
    """Each vector is its source's, as far as 32-bit floats go."""
    assert len(found) == len(sources)
    for row, source in zip(found, sources, strict=True):
        assert row == pytest.approx(vector(source, wide), abs=1e-6)


@each_model
def test_each_input_has_its_vector(gateway: Gateway, model: str) -> None:
    """One text or several: a row for each, in order, and it is the right one; counts are honest."""
    answer = gateway.post("/v1/embeddings", {"model": model, "input": TEXTS})
    body = answer.json()

    assert_near(rows(body), TEXTS)
    assert_near(rows(embed(gateway, model, TEXTS[1])), TEXTS[1:2])
    source = answer.headers["x-sagegate-usage-source"]
    assert source == ("container" if model in COUNTING else "estimate")
    assert body["usage"].get("estimated", False) is (source == "estimate")
    assert body["usage"]["prompt_tokens"] == body["usage"]["total_tokens"] > 0
    assert body["model"] == model


@pytest.mark.parametrize("shape", ["rows", "embedding", "embeddings"])
def test_a_flat_row(gateway: Gateway, shape: str) -> None:
    """A single input's row without a list around it is one vector."""
    assert_near(rows(embed(gateway, f"flat-{shape}", "x")), ["x"])


@each_model
def test_the_official_client(sdk: openai.OpenAI, model: str) -> None:
    """The client asks for base64 by itself; its numbers are those of `float`."""
    unasked = sdk.embeddings.create(model=model, input=TEXTS)
    plain = sdk.embeddings.create(model=model, input=TEXTS, encoding_format="float", user="me")

    assert_near([item.embedding for item in unasked.data], TEXTS)
    assert_near([item.embedding for item in plain.data], TEXTS)
    assert unasked.usage.prompt_tokens == plain.usage.prompt_tokens > 0


@each_model
def test_base64(gateway: Gateway, model: str) -> None:
    """Base64 is 32-bit floats, little-endian, wherever it is made."""
    body = embed(gateway, model, TEXTS, encoding_format="base64")

    assert all(isinstance(item["embedding"], str) for item in body["data"])
    assert_near([unpacked(item["embedding"]) for item in body["data"]], TEXTS)


@each_model
@pytest.mark.parametrize("given", [[1, 2, 3], [[1, 2], [3]]], ids=["ids", "lists"])
def test_token_ids(gateway: Gateway, emulated: Emulated, model: str, given: list[Any]) -> None:
    """Token ids are one input or several where the container takes them, else a clear 400."""
    if model in TEXT_ONLY:
        answer = gateway.post("/v1/embeddings", {"model": model, "input": given})
        assert (answer.status_code, error_of(answer)["param"]) == (400, "input")
        assert emulated.requests() == []
        return
    body = embed(gateway, model, given)

    sources = given if isinstance(given[0], list) else [given]
    assert_near(rows(body), sources)
    assert body["usage"] == {"prompt_tokens": 3, "total_tokens": 3}  # ids are counted exactly


@pytest.mark.parametrize(
    ("model", "calls"),
    [
        *((model, [32, 32, 6]) for model in HUGGING_FACE if model != "tens"),
        ("tens", [10] * 7),
        *((model, [70]) for model in COUNTING),
    ],
)
def test_a_batch_of_seventy(
    gateway: Gateway, emulated: Emulated, model: str, calls: list[int]
) -> None:
    """More inputs than a call takes are split; the rows come back in the client's order."""
    texts = [f"text {number}" for number in range(70)]

    assert_near(rows(embed(gateway, model, texts)), texts)

    bodies = [entry["body"] for entry in emulated.requests()]
    assert sorted((body.count('"text ') for body in bodies), reverse=True) == calls


@pytest.mark.parametrize("key", KEYS)
def test_the_key_of_the_inputs(gateway: Gateway, emulated: Emulated, key: str) -> None:
    """`embedding_key` is the name that the container's inputs have in its body."""
    embed(gateway, f"key-{key}", TEXTS, user="me")

    assert emulated.body() == {key: TEXTS}


def test_pooling(gateway: Gateway) -> None:
    """Token vectors become their mean, or the first of them with `embedding_pooling: first`."""
    mean, first = (
        rows(embed(gateway, model, "several tokens"))[0]
        for model in ("shape-tokens", "shape-tokens-first")
    )

    assert_near([mean], ["several tokens"])
    assert first != pytest.approx(mean)
    ratios = {round(one / other, 6) for one, other in zip(first, mean, strict=True)}
    assert len(ratios) == 1  # the emulator's token vectors point the same way


@pytest.mark.parametrize("model", ["shape-rows", "tei", "cohere", "voyage"])
def test_dimensions_that_nobody_allowed(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """`dimensions` is a 400 that names the setting where the dialect does not have it for sure."""
    answer = gateway.post("/v1/embeddings", {"model": model, "input": "x", "dimensions": 4})

    if model in {"cohere", "voyage"}:
        assert answer.status_code == 200
        assert emulated.body()["output_dimension"] == 4
        return
    assert (answer.status_code, error_of(answer)["param"]) == (400, "dimensions")
    assert "allowed_openai_params" in error_of(answer)["message"]
    assert emulated.requests() == []


@pytest.mark.parametrize("model", ["cut", "tei-cut", "cohere-cut", "voyage-cut", "openai"])
@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_dimensions(sdk: openai.OpenAI, emulated: Emulated, model: str, encoding: Any) -> None:
    """Shorter vectors have length 1 again; only what can't do it itself is cut here."""
    emulated.forget()
    answer = sdk.embeddings.create(model=model, input="x", dimensions=4, encoding_format=encoding)

    row = unpacked(answer.data[0].embedding)
    whole = vector("x", 8)[:4]
    length = math.hypot(*whole)
    assert row == pytest.approx([number / length for number in whole], abs=1e-6)
    body = emulated.requests()[-1]["body"]
    assert ("dimension" in body) is (model != "cut")


def unpacked(embedding: Any) -> list[float]:
    """The numbers: the client leaves base64 that was asked for by name as it came."""
    if isinstance(embedding, str):
        data = base64.b64decode(embedding)
        return list(struct.unpack(f"<{len(data) // 4}f", data))
    return list(embedding)


@pytest.mark.parametrize("model", ["shape-rows", "tei"])
def test_settings_of_tei(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """Keys that OpenAI does not know go to the container as they are."""
    raw = rows(embed(gateway, model, "x", normalize=False, truncate=True))[0]

    assert emulated.body() == {"inputs": ["x"], "normalize": False, "truncate": True}
    assert math.hypot(*raw) != pytest.approx(1)


def test_cohere(gateway: Gateway, emulated: Emulated) -> None:
    """The vendor's body; `input_type` is the client's or a document's; images are images."""
    image = "data:image/png;base64,iVBORw0KGgo="
    embed(gateway, "cohere", "x")
    embed(gateway, "cohere", "x", input_type="search_query")
    answer = embed(gateway, "cohere", [image, image])

    first, second, *images = [json.loads(entry["body"]) for entry in emulated.requests()]
    assert first == {"texts": ["x"], "input_type": "search_document", "embedding_types": ["float"]}
    assert second["input_type"] == "search_query"
    assert [each["images"] for each in images] == [[image], [image]]
    assert {each["input_type"] for each in images} == {"image"}
    assert_near(rows(answer), [image, image])


def test_voyage(gateway: Gateway, emulated: Emulated) -> None:
    """The vendor's body: the endpoint's name as model, no `float`, its own words for the rest."""
    embed(gateway, "voyage", "x", encoding_format="float", input_type="query")

    assert emulated.body() == {"input": ["x"], "model": "my-voyage-3", "input_type": "query"}


def test_openai_gets_everything(gateway: Gateway, emulated: Emulated) -> None:
    """A container with OpenAI's embeddings gets the request as it was given."""
    embed(gateway, "openai", "x", dimensions=4, encoding_format="base64", user="me", truncate=3)

    assert emulated.body() == {
        "input": "x",
        "model": "",
        "dimensions": 4,
        "encoding_format": "base64",
        "user": "me",
        "truncate": 3,
    }


@pytest.mark.parametrize("model", ["chat-vllm", "nova", "lmi-json", "ranks-tei"])
def test_models_that_embed_nothing(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """A dialect without embeddings is a 400 `unsupported_task`, and nothing is sent."""
    answer = gateway.post("/v1/embeddings", {"model": model, "input": "x"})

    assert (answer.status_code, error_of(answer)["code"]) == (400, "unsupported_task")
    assert emulated.requests() == []
