"""What LiteLLM is known to get wrong: embeddings and reranking."""

from collections.abc import Iterator

import openai
import pytest

from emulator.containers.vectors import vector
from tests.compat import serving
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, error_of

pytestmark = pytest.mark.xdist_group("compat")


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    """The official client; it does not retry."""
    url = f"{gateway.url}/v1"
    with openai.OpenAI(api_key="x", base_url=url, max_retries=0) as client:
        yield client


def test_37_the_official_client_works(client: openai.OpenAI, emulated: Emulated) -> None:
    """`encoding_format`, unasked base64 too, `dimensions` and `user` work on Hugging Face's."""
    unasked = client.embeddings.create(model="embed", input="x", user="me")
    plain = client.embeddings.create(model="embed", input="x", encoding_format="float")
    short = client.embeddings.create(model="embed-cut", input="x", dimensions=4)

    assert unasked.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
    assert len(short.data[0].embedding) == 4
    assert {entry["body"] for entry in emulated.requests()} == {'{"inputs":["x"]}'}


@pytest.mark.parametrize("shape", serving.VECTOR_SHAPES)
def test_38_every_shape_is_understood(gateway: Gateway, shape: str) -> None:
    """Vectors in every nesting and under every name: a row for each input, the right one."""
    texts = ["one", "and two", "three"]
    answer = gateway.post("/v1/embeddings", {"model": f"v-{shape}", "input": texts}).json()

    assert len(answer["data"]) == len(texts)
    for item, text in zip(answer["data"], texts, strict=True):
        assert item["embedding"] == pytest.approx(vector(text, 8), abs=1e-6)


def test_38_a_bare_row_is_one_vector(gateway: Gateway) -> None:
    """A single input's vector without a list around it is one row."""
    answer = gateway.post("/v1/embeddings", {"model": "flat", "input": "x"}).json()

    assert [item["embedding"] for item in answer["data"]] == [pytest.approx(vector("x", 8))]


def test_39_usage_counts_tokens(gateway: Gateway) -> None:
    """A text's usage is its tokens, estimated and marked, not its characters."""
    text = "a sentence of eight words, or maybe seven"
    answer = gateway.post("/v1/embeddings", {"model": "embed", "input": text}).json()

    assert answer["usage"]["prompt_tokens"] < len(text) / 2
    assert answer["usage"]["estimated"] is True


@pytest.mark.parametrize("model", ["embed", "openai", "cohere"])
@pytest.mark.parametrize("given", [[1, 2], [[1], [2, 3]]], ids=["ids", "lists"])
def test_40_token_ids_are_answered(gateway: Gateway, model: str, given: list[object]) -> None:
    """Token ids are vectors, or a clear 400 where the container takes none."""
    answer = gateway.post("/v1/embeddings", {"model": model, "input": given})

    if model == "cohere":
        assert (answer.status_code, error_of(answer)["param"]) == (400, "input")
    else:
        assert len(answer.json()["data"]) == (2 if isinstance(given[0], list) else 1)


def test_41_embeddings_are_called_as_chat_is(gateway: Gateway, emulated: Emulated) -> None:
    """The same identity, region, host and headers; a licence's header only when configured."""
    gateway.chat("chat-headers")
    gateway.post("/v1/embeddings", {"model": "embed-headers", "input": "x"})
    gateway.post("/v1/embeddings", {"model": "embed", "input": "x"})

    chat, embedded, plain = [entry["headers"] for entry in emulated.requests()]
    assert chat["host"] == embedded["host"]
    scopes = [each["authorization"].partition(",")[0] for each in (chat, embedded, plain)]
    assert len(set(scopes)) == 1
    name = "x-amzn-sagemaker-custom-attributes"
    assert chat[name] == embedded[name]
    assert name not in plain


def test_42_rerank_works(gateway: Gateway) -> None:
    """Reranking over a SageMaker endpoint gives Cohere's results, the best first."""
    body = {"model": "ranks", "query": "blue sky", "documents": ["red", "the blue sky"]}

    answer = gateway.post("/rerank", body)

    assert answer.status_code == 200
    assert [result["index"] for result in answer.json()["results"]] == [1, 0]
