"""Bytes that were right once: cut into reads anywhere, and damaged."""

from itertools import pairwise

from hypothesis import strategies as st

#: Where a stream is cut; taken modulo its length.
CUTS = st.lists(st.integers(0, 5000), max_size=8)

_Damage = tuple[str, int, bytes]
#: What is done to a stream, where, with which bytes.
DAMAGES: st.SearchStrategy[list[_Damage]] = st.lists(
    st.tuples(
        st.sampled_from(["replace", "insert", "delete", "repeat", "end"]),
        st.integers(0, 5000),
        st.binary(min_size=1, max_size=6),
    ),
    max_size=3,
)


def reads(stream: bytes, cuts: list[int]) -> list[bytes]:
    """The stream in pieces."""
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in pairwise(edges)]


def damaged(stream: bytes, damages: list[_Damage]) -> bytes:
    """The stream with its damages, one after the other."""
    for kind, place, data in damages:
        at = place % (len(stream) + 1)
        head, tail = stream[:at], stream[at:]
        if kind == "replace":
            stream = head + data + tail[len(data) :]
        elif kind == "insert":
            stream = head + data + tail
        elif kind == "delete":
            stream = head + tail[len(data) :]
        elif kind == "repeat":
            stream = head + tail[: 8 * len(data)] + tail
        else:
            stream = head
    return stream
