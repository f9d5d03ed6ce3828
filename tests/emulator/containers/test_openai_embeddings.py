import base64
import math
import struct
from typing import Any

import pytest

from emulator.containers.messages import Messages
from emulator.endpoints import MessagesEndpoint
from tests.emulator.containers.asking import complaint, document

VECTORS = Messages(
    MessagesEndpoint(kind="messages", dimensions=6, served_model="m", context_length=20)
)


def test_answer() -> None:
    """A list of embeddings in order, of length one, with the tokens counted."""
    answer = document(VECTORS, {"input": ["a", "b c"], "model": "m"})
    assert (answer["object"], answer["model"]) == ("list", "m")
    assert [each["index"] for each in answer["data"]] == [0, 1]
    assert all(math.isclose(math.hypot(*each["embedding"]), 1) for each in answer["data"])
    assert answer["usage"] == {"prompt_tokens": 3, "total_tokens": 3, "completion_tokens": 0}


@pytest.mark.parametrize(
    ("given", "amount"), [("a", 1), (["a", "b"], 2), ([1, 2], 1), ([[1], [2, 3]], 2)]
)
def test_forms_of_input(given: Any, amount: int) -> None:
    """A string, strings, token ids and lists of them give one embedding each."""
    assert len(document(VECTORS, {"input": given})["data"]) == amount


def test_base64() -> None:
    """Base64 holds the same numbers as little-endian 32-bit floats."""
    (plain,) = document(VECTORS, {"input": "a", "encoding_format": "float"})["data"]
    (packed,) = document(VECTORS, {"input": "a", "encoding_format": "base64"})["data"]
    numbers = struct.unpack("<6f", base64.b64decode(packed["embedding"]))
    assert numbers == pytest.approx(plain["embedding"])


def test_dimensions() -> None:
    """Fewer dimensions are the beginning, made of length one again."""
    (whole,) = document(VECTORS, {"input": "a"})["data"]
    (short,) = document(VECTORS, {"input": "a", "dimensions": 2})["data"]
    length = math.hypot(*whole["embedding"][:2])
    assert short["embedding"] == pytest.approx([each / length for each in whole["embedding"][:2]])


@pytest.mark.parametrize(
    ("more", "status", "text"),
    [
        ({"model": "x"}, 404, "The model `x` does not exist."),
        ({"dimensions": 0}, 400, "Dimensions must be greater than 0"),
        ({"dimensions": 7}, 400, "dimensions must be at most 6, got 7."),
        ({"dimensions": "2"}, 400, "('body', 'dimensions')"),
        ({"encoding_format": "int8"}, 400, "('body', 'encoding_format')"),
        ({"encoding_format": []}, 400, "('body', 'encoding_format')"),
        ({"input": []}, 400, "('body', 'input')"),
        ({"input": "word " * 30}, 400, "This model's maximum context length is 20 tokens."),
    ],
)
def test_refusals(more: dict[str, Any], status: int, text: str) -> None:
    """What can't be embedded is refused in vLLM's form."""
    answered, content = complaint(VECTORS, {"input": "a", **more})
    assert answered == status
    assert text in content["error"]["message"]
