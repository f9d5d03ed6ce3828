"""Finding a format by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters import formats
from adapters.base import Format
from adapters.errors import ConfigError

#: A third party's format, as `module:ATTRIBUTE` finds it.
OWN = Format(name="own")
NOT_A_FORMAT = "text"


def test_a_format_is_found_by_its_file_or_its_module() -> None:
    """A file in the folder is usable at once; a third party names its module."""
    assert formats.load("tgi").name == "tgi"
    assert formats.load(f"{__name__}:OWN") is OWN


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tgj", "did you mean 'tgi'"),
        ("nothing-like-it", "formats are: cohere_embed"),
        ("no.such.module:FORMAT", "can't load"),
        (f"{__name__}:MISSING", "can't load"),
        (f"{__name__}:NOT_A_FORMAT", "is not an adapters.base.Format"),
        (":x", "can't load"),
        ("../tgi", "there is no format"),
    ],
)
def test_a_wrong_name_says_what_there_is(name: str, words: str) -> None:
    """A configuration that names no format is refused with the nearest one, or the list."""
    with pytest.raises(ConfigError) as caught:
        formats.load(name)
    assert words in caught.value.message
    assert caught.value.path == ("format",)


@pytest.mark.parametrize("fault", ["1 / 0", "def broken(:", "raise KeyError('x')"])
def test_a_module_that_fails_is_the_settings_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Whatever a foreign module raises while it is loaded, `format` is told, with no traceback."""
    (tmp_path / "broken_format.py").write_text(f"{fault}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="can't load format 'broken_format:FORMAT'") as caught:
        formats.load("broken_format:FORMAT")
    assert caught.value.path == ("format",)
