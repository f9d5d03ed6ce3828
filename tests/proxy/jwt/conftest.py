"""An identity provider for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proxy.jwt.identity import Identity, provided


@pytest.fixture
def identity() -> Iterator[Identity]:
    """Give a provider with one key."""
    with provided() as identity:
        yield identity
