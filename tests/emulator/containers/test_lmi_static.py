from typing import Any

import pytest

from emulator.containers.lmi_static import LmiStatic
from emulator.endpoints import LmiStaticEndpoint
from tests.emulator.containers.asking import ask, complaint, document, records

STATIC = LmiStatic(LmiStaticEndpoint(kind="lmi_static"))
FIXED = LmiStatic(LmiStaticEndpoint(kind="lmi_static", reply="one two three", context_length=50))
FAILING = LmiStatic(LmiStaticEndpoint(kind="lmi_static", fails=True))


def test_one_text_an_input() -> None:
    """The answer is a list with one text for each input, whether there is one or several."""
    assert document(FIXED, {"inputs": "a"}) == [{"generated_text": "one two three"}]
    first, second = document(STATIC, {"inputs": ["alpha", "beta"]})
    assert "alpha" in first["generated_text"]
    assert "beta" in second["generated_text"]


def test_stream() -> None:
    """Each line is an increment, nothing marks the end, and the stop text is left out."""
    wanted = {"inputs": "a", "parameters": {"stop_sequences": ["three"]}, "stream": True}
    _, content_type, chunks = ask(FIXED, wanted)
    assert content_type == "application/jsonlines"
    assert chunks == [b'{"outputs":["one"]}\n', b'{"outputs":[" two"]}\n', b'{"outputs":[" "]}\n']


def test_stream_of_several() -> None:
    """Several inputs are streamed side by side; one that has ended gives empty increments."""
    lines = records(STATIC, {"inputs": ["a", "a longer prompt than that"], "stream": True})
    whole = document(STATIC, {"inputs": ["a", "a longer prompt than that"]})
    for place in (0, 1):
        text = "".join(line["outputs"][place] for line in lines)
        assert text == whole[place]["generated_text"]
    assert lines[-1]["outputs"][0] == ""


@pytest.mark.parametrize(
    ("container", "raw", "text"),
    [
        (FAILING, {"inputs": "x"}, "Generation failed"),
        (FIXED, {"inputs": 1}, "Invalid Request Property: 'inputs'"),
        (FIXED, {"inputs": ["x", 1]}, "Invalid Request Property: 'inputs'"),
        (FIXED, {"inputs": "word " * 30}, "exceeds 50"),
    ],
)
def test_faults(container: LmiStatic, raw: Any, text: str) -> None:
    """What fails is a 424 with DJL's document of a failed handler."""
    status, content = complaint(container, raw)
    assert status == 424
    assert (content["code"], content["message"]) == (424, "invoke handler failure")
    assert text in content["error"]
