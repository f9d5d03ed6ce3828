from typing import get_args

import pytest

from emulator.containers.catalogue import behaviour
from emulator.containers.cohere import Cohere
from emulator.containers.embeddings import Embeddings
from emulator.containers.voyage import Voyage
from emulator.endpoints import EmbeddingsEndpoint, Endpoint

KINDS = [
    get_args(each.model_fields["kind"].annotation)[0] for each in get_args(get_args(Endpoint)[0])
]


@pytest.mark.parametrize("place", range(len(KINDS)), ids=KINDS)
def test_every_kind_has_its_behaviour(place: int) -> None:
    """Every kind but a real container stands for a behaviour named after it."""
    kind = KINDS[place]
    if kind != "container":
        endpoint = get_args(get_args(Endpoint)[0])[place](kind=kind)
        assert type(behaviour(endpoint)).__name__.lower() == kind.replace("_", "")


def test_vendors() -> None:
    """A vendor's embeddings have the vendor's behaviour."""
    plain = EmbeddingsEndpoint(kind="embeddings")
    assert isinstance(behaviour(plain), Embeddings)
    assert isinstance(behaviour(plain.model_copy(update={"vendor": "cohere"})), Cohere)
    assert isinstance(behaviour(plain.model_copy(update={"vendor": "voyage"})), Voyage)
