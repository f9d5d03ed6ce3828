import math
from typing import Any

import pytest

from emulator.containers.embeddings import Embeddings
from emulator.settings import EmbeddingsEndpoint
from tests.emulator.containers.asking import complaint, document

ROWS = Embeddings(EmbeddingsEndpoint(kind="embeddings", dimensions=5))
FLAT = Embeddings(EmbeddingsEndpoint(kind="embeddings", flat_single=True))


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
    """Arrays of token ids are inputs as well."""
    assert len(document(ROWS, {"inputs": [[1, 2], [3]]})) == 2


@pytest.mark.parametrize(
    ("raw", "status", "kind"),
    [
        ({"inputs": ["x"] * 33}, 413, "Validation"),
        (b"[", 400, "Validation"),
        ([], 422, "Validation"),
        ({"text": "x"}, 422, "Validation"),
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
