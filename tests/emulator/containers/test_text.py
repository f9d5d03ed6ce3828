import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.containers.specimen import specimen
from emulator.containers.text import compose, cut_at_stop, tokens


@given(text=st.text())
def test_tokens_lose_nothing(text: str) -> None:
    """Joined tokens are the text."""
    assert "".join(tokens(text)) == text


@given(text=st.text(), stops=st.lists(st.text(min_size=1, max_size=3), max_size=3))
def test_cut_ends_with_the_first_stop(text: str, stops: list[str]) -> None:
    """The cut text is the shortest beginning that holds a stop text; `None` means none occurs."""
    kept = cut_at_stop(tokens(text), stops)
    if kept is None:
        assert not any(stop in text for stop in stops)
        return
    shortened = "".join(kept)
    assert text.startswith(shortened)
    assert any(shortened.endswith(stop) for stop in stops)


def test_text_has_what_texts_have() -> None:
    """The text starts with a space and holds newlines, accents, other alphabets and an emoji."""
    text = compose("Hi", {"b": 2, "a": [1]}, "part")
    assert text == " You said: “Hi”.\nÇa va, 世界? 🌍\nb=2\ncomponent: part"


def test_long_prompts_are_shortened() -> None:
    """Of a long prompt only the end is quoted."""
    assert compose("x" * 1000 + "end", {}, "").count("x") == 157


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "text"),
        ({"type": "integer"}, 1),
        ({"enum": ["red", "blue"]}, "red"),
        ({"const": 7}, 7),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        (
            {"type": "object", "properties": {"a": {"type": "number"}, "b": {"default": None}}},
            {"a": 1.5, "b": None},
        ),
        ({"$ref": "#/x"}, None),
    ],
)
def test_specimen(schema: dict[str, object], value: object) -> None:
    """Each kind of schema has its smallest value."""
    assert specimen(schema) == value
