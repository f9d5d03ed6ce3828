"""The store in memory keeps to its bounds, whatever is put into it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.cache.memory import OVERHEAD, MemoryStore
from tests.proxy.cache.scripted import Clock


async def test_what_was_put_is_there() -> None:
    """Data comes back as it was put, under its own key only."""
    store = MemoryStore(10_000)
    await store.put("a", b"1", 60)
    assert await store.get("a") == b"1"
    assert await store.get("b") is None
    await store.check()


async def test_time_takes_it_away() -> None:
    """At the end of its time data is gone, and takes no place any more."""
    clock = Clock()
    store = MemoryStore(10_000, clock=clock)
    await store.put("a", b"1", 60)
    clock.now += 59.9
    assert await store.get("a") == b"1"
    clock.now += 0.1
    assert await store.get("a") is None
    assert (store.size, store.count) == (0, 0)


async def test_what_was_used_longest_ago_goes_first() -> None:
    """When bytes run out, what nobody asked for goes; what is asked for stays."""
    store = MemoryStore(3 * (OVERHEAD + 10))
    for name in ("a", "b", "c"):
        await store.put(name, b"x" * 10, 60)
    assert await store.get("a")
    await store.put("d", b"x" * 10, 60)
    assert await store.get("b") is None
    assert [await store.get(name) is not None for name in ("a", "c", "d")] == [True] * 3


async def test_the_number_of_entries_is_bounded_too() -> None:
    """`max_size_in_memory` bounds how many there are, whatever their size."""
    store = MemoryStore(1_000_000, max_entries=2)
    for name in ("a", "b", "c"):
        await store.put(name, b"x", 60)
    assert store.count == 2
    assert await store.get("a") is None


async def test_what_is_larger_than_the_store_is_not_kept() -> None:
    """One huge entry neither gets in nor drives the others out; the old one of its key is gone."""
    store = MemoryStore(OVERHEAD + 100)
    await store.put("a", b"x", 60)
    await store.put("b", b"x" * 101, 60)
    assert await store.get("a") == b"x"
    await store.put("a", b"x" * 101, 60)
    assert await store.get("a") is None


async def test_what_is_forgotten_is_gone() -> None:
    """Deleting tells how many there were; clearing leaves nothing."""
    store = MemoryStore(10_000)
    for name in ("a", "b", "c"):
        await store.put(name, b"x", 60)
    assert await store.delete(["a", "b", "nobody"]) == 2
    assert await store.get("a") is None
    await store.clear()
    assert (store.size, store.count) == (0, 0)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 3000)), max_size=60))
async def test_the_bytes_never_exceed_the_bound(puts: list[tuple[str, int]]) -> None:
    """Whatever is put, its bytes are counted right, and stay within the bound."""
    store = MemoryStore(5000)
    last: dict[str, int] = {}
    for name, size in puts:
        await store.put(name, b"x" * size, 60)
        last[name] = size
        assert store.size <= 5000
    there = [name for name in last if await store.get(name) is not None]
    assert store.size == sum(last[name] + OVERHEAD for name in there)
