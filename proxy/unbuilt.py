"""When pydantic builds the models of what is imported: when they are first used.

Knows pydantic's configuration; refuses to know whose models they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict


@contextmanager
def built_when_used() -> Iterator[None]:
    """Build no model that is defined in the block before it is used.

    FastAPI defines those of an OpenAPI document, and building them is a third of its import: most
    gateways are never asked for `/openapi.json`.
    """
    usual = BaseModel.model_config
    BaseModel.model_config = ConfigDict(**{**usual, "defer_build": True})
    try:
        yield
    finally:
        BaseModel.model_config = usual
