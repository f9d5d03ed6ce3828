"""How many calls an endpoint answers at once, and what it says to the others.

Knows counts. Refuses to know who calls and what is answered.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from emulator.endpoints import Endpoint
from emulator.errors import Location, Refused, model_error, unmodelled

#: What Text Generation Inference says when all of its places are taken.
_OVERLOADED = '{"error":"Model is overloaded","error_type":"overloaded"}'
_TOO_MANY_REQUESTS = 429


class Capacity:
    """The calls that each endpoint has under way."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def taken(self, endpoint: Endpoint, location: Location) -> Iterator[None]:
        """Holds one of an endpoint's places for the block.

        Raises:
            Refused: all are taken: AWS throttles, or the container is overloaded.
        """
        name = location.endpoint
        if endpoint.capacity is not None and self._under_way[name] >= endpoint.capacity:
            raise _refusal(endpoint, location)
        self._under_way[name] += 1
        try:
            yield
        finally:
            self._under_way[name] -= 1


def _refusal(endpoint: Endpoint, location: Location) -> Refused:
    if endpoint.beyond_capacity == "model_error":
        return model_error(location, _TOO_MANY_REQUESTS, _OVERLOADED)
    return unmodelled(400, "ThrottlingException", None)
