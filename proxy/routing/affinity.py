"""Which deployment a session keeps to: the same in every process, without anything remembered.

Rendezvous hashing: each deployment gets a number from the session's name and its own id, and the
highest one wins. When a deployment comes or goes, only the sessions that it wins move.

Source: https://en.wikipedia.org/wiki/Rendezvous_hashing (weighted variant)
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from proxy.routing.member import Member

_LARGEST = 2.0**64


def keep_together(session: str, candidates: Sequence[Member]) -> Member:
    """Choose the session's deployment among these; the heavier have the more sessions."""
    weighted = any(member.weight > 0 for member in candidates)
    return max(
        candidates,
        key=lambda member: _score(session, member, member.weight if weighted else 1.0),
    )


def _score(session: str, member: Member, weight: float) -> float:
    text = f"{session}\0{member.endpoint.id}".encode()
    drawn = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
    return -weight / math.log((drawn + 0.5) / _LARGEST)
