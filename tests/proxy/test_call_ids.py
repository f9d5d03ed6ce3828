"""The gateway's own ids, and which of its clients' it takes."""

from __future__ import annotations

import os
from uuid import UUID

import pytest

from proxy import call_ids


def test_own_ids_are_uuids_and_none_comes_twice() -> None:
    """Version 4, variant 1, over several draws from the system."""
    ids = call_ids.OwnIds()
    drawn = [ids.next() for _ in range(3_000)]
    assert len(set(drawn)) == len(drawn)
    for each in drawn:
        parsed = UUID(each)
        assert str(parsed) == each
        assert (parsed.version, parsed.variant) == (4, "specified in RFC 4122")


def test_a_process_made_of_this_one_gives_other_ids() -> None:
    """What was drawn before it began is not its own."""
    ids = call_ids.OwnIds()
    ids.next()
    read, write = os.pipe()
    os.register_at_fork(after_in_child=ids.forget)
    child = os.fork()
    if not child:
        os.write(write, ids.next().encode())
        os._exit(0)
    os.waitpid(child, 0)
    told = os.read(read, 100).decode()
    os.close(read)
    os.close(write)
    assert UUID(told).version == 4
    assert told not in {ids.next() for _ in range(300)}


@pytest.mark.parametrize("given", [b"a", b"A-b.c:d_1", b"x" * 128])
def test_a_clients_id_is_taken_as_it_is(given: bytes) -> None:
    """Where it is fit for a header and a line of the log."""
    assert call_ids.of_client(given) == given.decode()


@pytest.mark.parametrize("given", [b"", b"x" * 129, b"a b", b"a\n", "\u00e9".encode(), b"<a>"])
def test_no_other_text_of_a_clients_is_an_id(given: bytes) -> None:
    """It gets one of ours instead."""
    assert not call_ids.of_client(given)
