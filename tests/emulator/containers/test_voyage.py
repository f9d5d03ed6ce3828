from typing import Any

import pytest

from emulator.containers.vectors import packed, vector
from emulator.containers.voyage import Voyage
from emulator.endpoints import EmbeddingsEndpoint
from tests.emulator.containers.asking import complaint, document

VOYAGE = Voyage(
    EmbeddingsEndpoint(
        kind="embeddings", vendor="voyage", dimensions=12, context_length=3, batch_limit=4
    )
)


def test_answer() -> None:
    """A list of embeddings in order; the usage is a total only."""
    answer = document(VOYAGE, {"input": ["a", "b c"], "model": "m", "input_type": "query"})
    assert answer == {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": vector("a", 12)},
            {"object": "embedding", "index": 1, "embedding": vector("b c", 12)},
        ],
        "model": "m",
        "usage": {"total_tokens": 3},
    }
    assert len(document(VOYAGE, {"input": "a"})["data"]) == 1


@pytest.mark.parametrize(
    ("more", "embedding"),
    [
        ({"encoding_format": "base64"}, packed(vector("a", 12))),
        ({"output_dimension": 3}, vector("a", 3)),
        ({"output_dtype": "int8"}, [round(each * 127) for each in vector("a", 12)]),
        ({"output_dtype": "uint8"}, [round(each * 127) + 128 for each in vector("a", 12)]),
    ],
)
def test_outputs(more: dict[str, Any], embedding: Any) -> None:
    """Each output has the form that was asked for."""
    assert document(VOYAGE, {"input": "a", **more})["data"][0]["embedding"] == embedding


def test_bits() -> None:
    """Binary outputs hold eight signs in a number; the signed ones are moved by 128."""
    (unsigned,) = document(VOYAGE, {"input": "a", "output_dtype": "ubinary"})["data"]
    (signed,) = document(VOYAGE, {"input": "a", "output_dtype": "binary"})["data"]
    assert len(unsigned["embedding"]) == 2
    assert [each + 128 for each in signed["embedding"]] == unsigned["embedding"]


def test_truncating() -> None:
    """Too long a text loses its end."""
    long = document(VOYAGE, {"input": "a b c d"})
    assert long["data"] == document(VOYAGE, {"input": "a b c"})["data"]
    assert long["usage"] == {"total_tokens": 3}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"{", "unexpected end"),
        ([], "the body must be an object"),
        ({"input": "a", "encoding_format": "float"}, "Argument 'encoding_format' must be one of"),
        ({"input": "a", "encoding_format": ["x"]}, "Argument 'encoding_format' must be one of"),
        ({"input": "a", "input_type": "text"}, "Argument 'input_type' must be one of"),
        ({"input": "a", "output_dtype": "double"}, "Argument 'output_dtype' must be one of"),
        ({"input": "a", "dimensions": 3}, "Argument 'dimensions' is not supported by our API"),
        ({"input": "a", "output_dimension": 0}, "Argument 'output_dimension' must be an integer"),
        ({"input": [[1, 2]]}, "Argument 'input' must be a string or a list of strings"),
        ({"model": "m"}, "Argument 'input' must be a string or a list of strings"),
        ({"input": ["a", ""]}, "Input cannot contain empty strings or empty lists"),
        ({"input": ["a"] * 5}, "The batch size limit is 4. Your batch size is 5"),
        ({"input": "a b c d", "truncation": False}, "An input has 4 tokens"),
    ],
)
def test_refusals(raw: Any, text: str) -> None:
    """What Voyage refuses is a 400 with a detail."""
    status, content = complaint(VOYAGE, raw)
    assert status == 400
    assert text in content["detail"]
