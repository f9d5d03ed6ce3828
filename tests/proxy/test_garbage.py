"""When Python looks for garbage, and when it does not."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from proxy.garbage import looked_for, unlooked_for


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave the collector as it was."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()


def test_a_block_is_left_as_it_was_entered() -> None:
    """In the block nothing looks for garbage; behind it, also after an error, all is as before."""
    with unlooked_for():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(LookupError), unlooked_for():
        raise LookupError
    assert gc.isenabled()

    gc.disable()
    with unlooked_for():
        pass
    assert not gc.isenabled()


def test_a_server_looks_again_and_keeps_what_is_there() -> None:
    """From its start on a server looks for garbage, though seldom, and never at what it loaded."""
    usual = gc.get_threshold()[0]
    with unlooked_for():
        looked_for()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] > usual
