import itertools
import json
from collections.abc import Iterator

import pytest

from tests.emulator.callers import CHAT, TGI, Emulated

ALL = ["every_byte", "random:1", "random:2", "coalesced", "utf8_split", "empty_parts"]


@pytest.mark.parametrize("cuts", ALL)
def test_nothing_is_lost(emulated: Emulated, cuts: str) -> None:
    """However the bytes are cut, joined they are what the container sent."""
    whole = b"".join(emulated.parts("demo-tgi", TGI))
    emulated.fault("demo-tgi", "cuts", cuts=cuts)
    assert b"".join(emulated.parts("demo-tgi", TGI)) == whole


@pytest.mark.parametrize(
    ("cuts", "lengths"),
    [("every_byte", {1}), ("coalesced", None), ("utf8_split", None), ("empty_parts", None)],
)
def test_each_cut_is_hostile(emulated: Emulated, cuts: str, lengths: set[int] | None) -> None:
    """Each way of cutting does what its name says."""
    emulated.fault("demo-tgi", "cuts", cuts=cuts)
    parts = list(emulated.parts("demo-tgi", TGI))
    shown = {
        "every_byte": {len(part) for part in parts} == lengths,
        "coalesced": len(parts) == 2,
        "utf8_split": any(part[:1] >= b"\x80" and part[:1] < b"\xc0" for part in parts),
        "empty_parts": parts[0] == b"" and parts[-1] == b"" and b"" in parts[1:-1],
    }
    assert shown[cuts]


def test_seeds(emulated: Emulated) -> None:
    """A seed always cuts alike, another one otherwise."""
    cut: dict[str, list[int]] = {}
    for seed in ("random:5", "random:6", "random:5"):
        emulated.forget()
        emulated.fault("demo-tgi", "cuts", cuts=seed)
        lengths = [len(part) for part in emulated.parts("demo-tgi", TGI)]
        assert cut.setdefault(seed, lengths) == lengths
    assert cut["random:5"] != cut["random:6"]


@pytest.mark.parametrize("cuts", ["every_byte", "utf8_split", "empty_parts", "random:3"])
def test_writes_cut_frames(emulated: Emulated, cuts: str) -> None:
    """HTTP writes end inside frames too, and the frames are whole again when joined."""
    emulated.fault("demo-chat", "cuts", cuts=cuts)
    writes = _writes(emulated)
    whole = b"".join(writes)
    ends = set(itertools.accumulate(_frame_lengths(whole)))
    assert len(whole) in ends
    assert set(itertools.accumulate(len(write) for write in writes)) - ends


def test_coalesced_frames_share_a_write(emulated: Emulated) -> None:
    """Coalesced frames come in one HTTP write."""
    emulated.fault("demo-chat", "cuts", cuts="coalesced")
    assert len(_writes(emulated)) == 1


def test_cuts_and_errors_together(emulated: Emulated) -> None:
    """Cuts leave room for other faults: the in-stream error still comes after so many frames."""
    emulated.fault("demo-chat", "cuts", cuts="every_byte")
    emulated.fault("demo-chat", "stream_error", after=10)
    parts = emulated.parts("demo-chat", CHAT)
    assert len(b"".join(itertools.islice(parts, 10))) == 10
    with pytest.raises(Exception, match="ModelStreamError"):
        next(parts)


def _frame_lengths(body: bytes) -> Iterator[int]:
    """The length of each frame, as its first four bytes tell it."""
    start = 0
    while start < len(body):
        length = int.from_bytes(body[start : start + 4])
        yield length
        start += length


def _writes(emulated: Emulated) -> list[bytes]:
    """The chunks of the HTTP body: one for each write of the emulator."""
    body = json.dumps({**CHAT, "stream": True}).encode()
    with emulated.connect("/endpoints/demo-chat/invocations-response-stream", body) as connection:
        raw = b""
        while not raw.endswith(b"\r\n0\r\n\r\n"):
            raw += connection.recv(65536)
    rest = raw.partition(b"\r\n\r\n")[2]
    writes: list[bytes] = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if length:
            writes.append(rest[:length])
        rest = rest[length + 2 :]
    return writes
