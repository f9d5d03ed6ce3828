import base64
import json
import math
import struct
from collections.abc import Sequence
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.real.embedder import BATCH_LIMIT, token_vectors
from tests.real.stage import Stage

pytestmark = pytest.mark.real

TEXTS = ["A cat sits on the mat.", "Grüße aus Köln 😀", "x", "No."]
#: Two sentences of one meaning, and one of another.
ENGLISH = ["A cat sits on the mat.", "A kitten rests on a rug.", "The stock market fell today."]
THINGS = ["House", "River", "Song", "Planet", "Battle", "Recipe", "Theorem"]
LENGTH = 384
in_every_shape = pytest.mark.parametrize("model", ["rows", "tokens", "openai"])


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of the angle between two vectors."""
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    return product / math.hypot(*one) / math.hypot(*other)


def embedded(client: OpenAI, texts: str | list[str], model: str, **more: Any) -> list[list[float]]:
    """The vectors, in the order of their indexes; the client asks for base64 unless told."""
    reply = client.embeddings.create(model=model, input=texts, **more)
    assert [item.index for item in reply.data] == list(range(len(reply.data)))
    return [item.embedding for item in reply.data]


def own(minilm: Any, texts: list[str]) -> list[list[float]]:
    """What the model itself says, each text for itself."""
    return [minilm.encode(text, normalize_embeddings=True).tolist() for text in texts]


def least_cosine(ones: list[list[float]], others: list[list[float]]) -> float:
    """The cosine of the pair that is least alike."""
    return min(cosine(one, other) for one, other in zip(ones, others, strict=True))


@in_every_shape
@pytest.mark.parametrize("more", [{}, {"encoding_format": "float"}], ids=["base64", "float"])
def test_vectors_are_the_models_own(
    vectors: Stage, minilm: Any, model: str, more: dict[str, Any]
) -> None:
    """Rows, token vectors and OpenAI's answers all become the vectors of the model itself."""
    found = embedded(vectors.client, TEXTS, model, **more)
    assert [len(row) for row in found] == [LENGTH] * len(TEXTS)
    assert least_cosine(found, own(minilm, TEXTS)) >= 0.9999


@in_every_shape
def test_both_encodings_say_the_same(vectors: Stage, model: str) -> None:
    """Base64 holds the floats of the other encoding, as 32-bit numbers."""
    packed = vectors.client.embeddings.with_raw_response.create(
        model=model, input=TEXTS, encoding_format="base64"
    )
    for item, row in zip(
        json.loads(packed.text)["data"],
        embedded(vectors.client, TEXTS, model, encoding_format="float"),
        strict=True,
    ):
        numbers = struct.unpack(f"<{LENGTH}f", base64.b64decode(item["embedding"]))
        assert numbers == pytest.approx(row, abs=1e-6)


@in_every_shape
def test_a_single_text_is_one_vector(vectors: Stage, model: str) -> None:
    """A bare text gives what it gives in a list."""
    (alone,) = embedded(vectors.client, TEXTS[0], model)
    assert cosine(alone, embedded(vectors.client, TEXTS, model)[0]) >= 0.9999


@pytest.mark.parametrize("model", ["rows", "openai"])
def test_token_ids_are_inputs(vectors: Stage, minilm: Any, model: str) -> None:
    """Token ids, and lists of them, reach the container, and are counted where it counts not."""
    ids = [minilm.tokenizer(text, add_special_tokens=False)["input_ids"] for text in ENGLISH]
    create = vectors.client.embeddings.create
    together, alone = create(model=model, input=ids), create(model=model, input=ids[0])
    wanted = own(minilm, ENGLISH)
    assert least_cosine([item.embedding for item in together.data], wanted) >= 0.9999
    assert least_cosine([item.embedding for item in alone.data], wanted[:1]) >= 0.9999
    specials = {"rows": 0, "openai": 2}[model]  # the container's own count has its two marks
    assert alone.usage.prompt_tokens == len(ids[0]) + specials


@in_every_shape
def test_what_is_related_is_near(vectors: Stage, model: str) -> None:
    """Sentences of one meaning are nearer to each other than to one of another."""
    cat, kitten, market = embedded(vectors.client, ENGLISH, model)
    assert cosine(cat, kitten) > 0.5
    assert cosine(cat, market) < 0.2
    assert cosine(kitten, market) < 0.2


def test_many_inputs_are_split_and_come_back_in_order(vectors: Stage, minilm: Any) -> None:
    """What is beyond the container's limit takes several calls; each text gets its own vector."""
    texts = [f"{thing} number {number}." for number in range(10) for thing in THINGS]
    vectors.emulator.delete("/_emulator/requests").raise_for_status()
    found, wanted = embedded(vectors.client, texts, "rows"), own(minilm, texts)
    assert least_cosine(found, wanted) >= 0.9999
    assert max(cosine(found[0], other) for other in wanted[1:]) < 0.99
    listed = vectors.emulator.get("/_emulator/requests").json()
    sizes = sorted(len(json.loads(entry["body"])["inputs"]) for entry in listed)
    assert sizes == [6, BATCH_LIMIT, BATCH_LIMIT]


def test_the_mean_of_token_vectors_is_the_sentences(vectors: Stage, minilm: Any) -> None:
    """The mean over an input's tokens, however many the others have, is the model's own pooling."""
    texts = ["Short.", "A sentence of more words than the other one has, so that it is padded."]
    pooled = minilm.encode(texts, normalize_embeddings=False).tolist()
    assert least_cosine(embedded(vectors.client, texts, "tokens"), pooled) >= 0.999


def test_the_first_token_may_speak_for_all(vectors: Stage, minilm: Any) -> None:
    """With `embedding_pooling: first` the vector is the first token's, and not the mean."""
    first = [tokens[0].tolist() for tokens in token_vectors(minilm, TEXTS)]
    found = embedded(vectors.client, TEXTS, "tokens-first")
    assert least_cosine(found, first) >= 0.9999
    assert least_cosine(found, own(minilm, TEXTS)) < 0.99


def test_dimensions_need_leave(vectors: Stage) -> None:
    """Without leave `dimensions` is a 400 that names it: a cut vector is another vector."""
    with pytest.raises(openai.BadRequestError) as refused:
        embedded(vectors.client, TEXTS, "rows", dimensions=64)
    assert refused.value.param == "dimensions"
    assert "allowed_openai_params" in str(refused.value)


def test_dimensions_cut_and_scale(vectors: Stage, minilm: Any) -> None:
    """With leave the first numbers are scaled to length 1; related texts stay the nearer ones."""
    found = embedded(vectors.client, ENGLISH, "rows-cut", dimensions=64)
    for row, full in zip(found, own(minilm, ENGLISH), strict=True):
        assert len(row) == 64
        assert math.hypot(*row) == pytest.approx(1, abs=1e-6)
        assert cosine(row, full[:64]) >= 0.9999
    cat, kitten, market = found
    assert cosine(cat, kitten) > cosine(cat, market)


def test_more_dimensions_than_there_are_is_refused(vectors: Stage) -> None:
    """A vector can't be lengthened: 400, with the length that there is."""
    with pytest.raises(openai.BadRequestError) as refused:
        embedded(vectors.client, TEXTS, "rows-cut", dimensions=LENGTH + 1)
    assert refused.value.param == "dimensions"
    assert str(LENGTH) in str(refused.value)


@pytest.mark.parametrize("model", ["rows", "tokens"])
def test_counts_that_nobody_told_are_estimates(vectors: Stage, model: str) -> None:
    """Where a container tells no counts the answer says that they are estimated, twice."""
    raw = vectors.client.embeddings.with_raw_response.create(model=model, input=TEXTS)
    usage = json.loads(raw.text)["usage"]
    assert usage["estimated"] is True
    assert usage["prompt_tokens"] == usage["total_tokens"] > 0
    assert raw.headers["x-sagegate-usage-source"] == "estimate"


def test_the_containers_counts_are_its_tokenizers(vectors: Stage, minilm: Any) -> None:
    """Counts that a container tells pass, and are no estimate."""
    raw = vectors.client.embeddings.with_raw_response.create(model="openai", input=TEXTS)
    count = sum(len(minilm.tokenizer(text)["input_ids"]) for text in TEXTS)
    assert json.loads(raw.text)["usage"] == {"prompt_tokens": count, "total_tokens": count}
    assert raw.headers["x-sagegate-usage-source"] == "container"
