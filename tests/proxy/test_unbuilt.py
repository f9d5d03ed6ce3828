"""When models of pydantic's are built."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import BaseModel, ValidationError

from proxy.unbuilt import built_when_used

_START = """
import sys
import proxy.start

assert "fastapi" not in sys.modules, "it would be built at once"
with proxy.start.built_when_used():
    import proxy.serve
from fastapi.openapi.models import OpenAPI

assert not OpenAPI.__pydantic_complete__
from fastapi import FastAPI

print(FastAPI(title="first").openapi()["info"]["title"])
assert OpenAPI.__pydantic_complete__
"""


def test_models_of_the_block_are_built_by_their_first_use() -> None:
    """A model waits for its first use, and is what it would have been at once."""
    with built_when_used():

        class Late(BaseModel):
            number: int

    assert not Late.__pydantic_complete__
    with pytest.raises(ValidationError):
        Late.model_validate({"number": "none"})
    assert Late(number=1).model_dump() == {"number": 1}


def test_models_behind_the_block_are_built_at_once() -> None:
    """All is as before behind the block, also after an error."""

    def of_the_block() -> None:
        with built_when_used():
            raise LookupError

    with pytest.raises(LookupError):
        of_the_block()

    class Early(BaseModel):
        number: int

    assert Early.__pydantic_complete__


def test_an_openapi_document_is_not_thought_of_before_it_is_asked_for() -> None:
    """What a start imports leaves FastAPI's own models unbuilt, and its document can be had."""
    arguments = [sys.executable, "-c", _START]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("first\n", 0), done.stderr
