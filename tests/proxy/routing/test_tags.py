"""Which deployments a request's tags choose."""

from __future__ import annotations

import pytest

from adapters.errors import InvalidRequest
from proxy.routing.tags import tagged
from tests.proxy.routing.groups import member

FREE = member("free", tags=frozenset({"free", "eu"}))
PAID = member("paid", tags=frozenset({"paid"}))
EVERYBODYS = member("everybodys", tags=frozenset({"default"}))
PLAIN = member("plain")


@pytest.mark.parametrize(
    ("members", "tags", "chosen"),
    [
        ((FREE, PAID, EVERYBODYS), {"free"}, [FREE]),
        ((FREE, PAID, EVERYBODYS), {"free", "paid"}, [FREE, PAID]),
        ((FREE, PAID, EVERYBODYS), {"other"}, [EVERYBODYS]),
        ((FREE, PAID, EVERYBODYS), set(), [EVERYBODYS]),
        ((FREE, PAID, PLAIN), set(), [FREE, PAID, PLAIN]),
        ((FREE, EVERYBODYS), {"default"}, [EVERYBODYS]),
    ],
)
def test_tags_choose(members: tuple[object, ...], tags: set[str], chosen: list[object]) -> None:
    """Those with one of the tags, else those for everybody; without tags, else all."""
    assert list(tagged(members, frozenset(tags))) == chosen  # type: ignore[arg-type]  # members


def test_tags_that_nobody_has_are_refused() -> None:
    """Rather than answered by a deployment that was not meant for them."""
    with pytest.raises(InvalidRequest) as caught:
        tagged((FREE, PLAIN), frozenset({"other"}))
    assert (caught.value.param, caught.value.code) == ("tags", "no_deployments_with_tag")
