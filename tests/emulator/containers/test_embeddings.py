import math
from typing import Any

import pytest

from emulator.containers.embeddings import Embeddings
from emulator.endpoints import EmbeddingsEndpoint
from tests.emulator.containers.asking import complaint, document


def embeddings(**settings: Any) -> Embeddings:
    """A container with these settings."""
    return Embeddings(EmbeddingsEndpoint(kind="embeddings", **settings))


ROWS = embeddings(dimensions=5, context_length=4)
FLAT = embeddings(flat_single=True)
TWO = {"inputs": ["first text", "second"]}


def test_rows() -> None:
    """One row an input, in order; equal texts have equal vectors, others other ones."""
    first, second, third = document(ROWS, {"inputs": ["a", "b", "a"]})
    assert first == third != second
    assert len(first) == 5
    assert math.isclose(math.hypot(*first), 1)


def test_single_input() -> None:
    """A single text is one row, or a flat array where the endpoint is configured so."""
    assert document(ROWS, {"inputs": "a"}) == document(ROWS, {"inputs": ["a"]})
    assert all(isinstance(number, float) for number in document(FLAT, {"inputs": "a"}))
    assert len(document(FLAT, {"inputs": ["a", "b"]})) == 2


def test_token_arrays() -> None:
    """Arrays of token ids are inputs as well; a flat one is a single input."""
    assert len(document(ROWS, {"inputs": [[1, 2], [3]]})) == 2
    assert len(document(ROWS, {"inputs": [1, 2]})) == 1


@pytest.mark.parametrize("shape", ["embedding", "embeddings", "vectors", "outputs"])
def test_shapes_with_a_key(shape: str) -> None:
    """Rows stand under the shape's key, a single one flat where configured so."""
    rows = document(embeddings(), TWO)
    assert document(embeddings(shape=shape), TWO) == {shape: rows}
    flat = embeddings(shape=shape, flat_single=True)
    assert document(flat, {"inputs": "a"}) == {shape: document(embeddings(), {"inputs": "a"})[0]}


def test_shapes_of_objects() -> None:
    """Objects hold one row each, in a list or under `data`."""
    first, second = document(embeddings(), TWO)
    assert document(embeddings(shape="objects"), TWO) == [
        {"embedding": first},
        {"embedding": second},
    ]
    assert document(embeddings(shape="data"), TWO) == {
        "data": [
            {"object": "embedding", "index": 0, "embedding": first},
            {"object": "embedding", "index": 1, "embedding": second},
        ]
    }


@pytest.mark.parametrize("inputs", [["first text", "x"], [[1, 2, 3], [4]]])
def test_token_vectors(inputs: Any) -> None:
    """Every token has a vector of its own, and their mean is the input's row."""
    rows = document(embeddings(), {"inputs": inputs})
    tokens = document(embeddings(shape="tokens"), {"inputs": inputs})
    assert [len(each) > 1 for each in tokens] == [True, False]
    for row, vectors in zip(rows, tokens, strict=True):
        means = [sum(column) / len(vectors) for column in zip(*vectors, strict=True)]
        assert means == pytest.approx(row)
        assert len({tuple(vector) for vector in vectors}) == len(vectors)


def test_layered_vectors() -> None:
    """Token vectors have one more layer around each input, as pipelines give them."""
    tokens = document(embeddings(shape="tokens"), TWO)
    assert document(embeddings(shape="layered"), TWO) == [[each] for each in tokens]


@pytest.mark.parametrize("key", ["text_inputs", "sentences", "instances"])
def test_keys(key: Any) -> None:
    """The configured key is demanded; without it the inference toolkit's 400 names it."""
    container = embeddings(key=key)
    assert document(container, {key: ["a"]}) == document(embeddings(), {"inputs": ["a"]})
    status, content = complaint(container, {"inputs": ["a"]})
    assert (status, content["message"]) == (400, f"'{key}'")


def test_dimensions() -> None:
    """Fewer dimensions are the beginning of the vector, made of length one again."""
    (whole,) = document(ROWS, {"inputs": "a"})
    (short,) = document(ROWS, {"inputs": "a", "dimensions": 2})
    length = math.hypot(*whole[:2])
    assert short == pytest.approx([each / length for each in whole[:2]])


def test_normalising() -> None:
    """Without `normalize` the direction is the same and the length is not one."""
    (whole,) = document(ROWS, {"inputs": "a"})
    (plain,) = document(ROWS, {"inputs": "a", "normalize": False})
    length = math.hypot(*plain)
    assert not math.isclose(length, 1)
    assert [each / length for each in plain] == pytest.approx(whole)


def test_prompt_names() -> None:
    """A named prompt stands before each text, and changes its vector."""
    (prompted,) = document(ROWS, {"inputs": "a", "prompt_name": "query"})
    assert [prompted] == document(ROWS, {"inputs": "query: a"})


def test_truncating() -> None:
    """What is too long is cut when it may be: only the beginning counts."""
    for long, short in (("a b c d e f", "a b c d"), ([[1, 2, 3, 4, 5]], [[1, 2, 3, 4]])):
        cut = document(ROWS, {"inputs": long, "truncate": True})
        assert cut == document(ROWS, {"inputs": short})


@pytest.mark.parametrize(
    ("raw", "status", "kind"),
    [
        ({"inputs": ["x"] * 33}, 413, "Validation"),
        ({"inputs": "a b c d e"}, 413, "Validation"),
        ({"inputs": "x", "dimensions": 6}, 413, "Validation"),
        (b"[", 400, "Validation"),
        ([], 422, "Validation"),
        ({"text": "x"}, 422, "Validation"),
        ({"inputs": ["x", 1]}, 422, "Validation"),
        ({"inputs": "x", "dimensions": "2"}, 422, "Validation"),
        ({"inputs": "x", "normalize": 1}, 422, "Validation"),
        ({"inputs": []}, 400, "Empty"),
        ({"inputs": ["x", ""]}, 400, "Empty"),
    ],
)
def test_refusals(raw: Any, status: int, kind: str) -> None:
    """What TEI refuses is refused with its status and error type."""
    answered, content = complaint(ROWS, raw)
    assert (answered, content["error_type"]) == (status, kind)


def test_batch_text() -> None:
    """The text on too large a batch is TEI's."""
    _, content = complaint(ROWS, {"inputs": ["x"] * 40})
    assert content["error"] == "batch size 40 > maximum allowed batch size 32"
