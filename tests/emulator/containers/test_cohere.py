from typing import Any

import pytest

from emulator.containers.cohere import Cohere
from emulator.containers.vectors import packed, vector
from emulator.endpoints import EmbeddingsEndpoint
from tests.emulator.containers.asking import complaint, document

COHERE = Cohere(
    EmbeddingsEndpoint(kind="embeddings", vendor="cohere", dimensions=12, context_length=3)
)


def body(**more: Any) -> dict[str, Any]:
    """A request for two texts."""
    return {"texts": ["a", "b c"], "input_type": "search_document", **more}


def test_answer() -> None:
    """Without types the embeddings are rows, and the tokens are billed."""
    answer = document(COHERE, body())
    assert answer["embeddings"] == [vector("a", 12), vector("b c", 12)]
    assert answer["response_type"] == "embeddings_floats"
    assert answer["meta"]["billed_units"] == {"input_tokens": 3}
    assert answer["texts"] == ["a", "b c"]


def test_types() -> None:
    """With types the embeddings are an object that has exactly those."""
    types = ["float", "base64", "int8", "uint8", "binary", "ubinary"]
    answer = document(COHERE, body(embedding_types=types))
    assert answer["response_type"] == "embeddings_by_type"
    assert list(answer["embeddings"]) == types
    row = vector("a", 12)
    first = {name: rows[0] for name, rows in answer["embeddings"].items()}
    assert first["float"] == row
    assert first["base64"] == packed(row)
    assert first["uint8"] == [each + 128 for each in first["int8"]]
    assert [each > 0 for each in first["int8"]] == [each > 0 for each in row]
    assert first["ubinary"] == [each + 128 for each in first["binary"]]
    signs = "".join(f"{each:08b}" for each in first["ubinary"])
    assert [sign == "1" for sign in signs[:12]] == [each > 0 for each in row]


def test_images() -> None:
    """Images are embedded and billed as images."""
    answer = document(COHERE, {"images": ["data:image/png;base64,AA=="], "input_type": "image"})
    assert len(answer["embeddings"]) == 1
    assert answer["meta"]["billed_units"] == {"images": 1}
    assert "texts" not in answer


def test_dimensions() -> None:
    """`output_dimension` shortens the vectors."""
    assert document(COHERE, body(output_dimension=4))["embeddings"][0] == vector("a", 4)


@pytest.mark.parametrize(
    ("truncate", "kept"),
    [({}, "a b c"), ({"truncate": "END"}, "a b c"), ({"truncate": "START"}, " b c d")],
)
def test_truncating(truncate: dict[str, str], kept: str) -> None:
    """Too long a text loses its end, or its start when asked."""
    answer = document(COHERE, {"texts": ["a b c d"], "input_type": "clustering", **truncate})
    assert answer["embeddings"] == [vector(kept, 12)]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"{", "invalid json syntax"),
        ([], "the body must be an object"),
        ({"texts": ["a"]}, "valid input_type must be provided with the provided model"),
        (body(input_type=["x"]), "valid input_type must be provided with the provided model"),
        (body(texts=["a"] * 97), "total number of texts must be at most 96 - received 97"),
        (body(texts=[[1, 2]]), "texts must be a list of strings"),
        (body(texts=[]), "texts must not be empty"),
        ({"input_type": "image"}, "images must be a list of strings"),
        (body(texts=["a b c d"], truncate="NONE"), "text is too long: 4 tokens, at most 3"),
        (body(truncate="MIDDLE"), "truncate must be one of NONE, START, END"),
        (body(embedding_types=["double"]), "embedding_types must be a list of float"),
        (body(embedding_types=[["float"]]), "embedding_types must be a list of float"),
        (body(output_dimension=13), "output_dimension must be an integer from 1 to 12"),
    ],
)
def test_refusals(raw: Any, text: str) -> None:
    """What Cohere refuses is a 400 with a message."""
    status, content = complaint(COHERE, raw)
    assert status == 400
    assert content["message"].startswith(f"invalid request: {text}")
