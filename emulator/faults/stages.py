"""The stages of a streamed answer, from a container's chunks to HTTP writes."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from emulator.faults.base import Disturbance
from emulator.frames import payload_part


async def disturbed(
    chunks: AsyncIterator[bytes], disturbances: Sequence[Disturbance]
) -> AsyncGenerator[bytes, None]:
    """Frames a container's chunks, letting every disturbance act at its stages.

    Without disturbances each chunk is one frame and each frame is one write.
    """
    for disturbance in disturbances:
        chunks = disturbance.records(chunks)
    for disturbance in disturbances:
        chunks = disturbance.parts(chunks)
    writes: AsyncIterator[bytes] = (payload_part(chunk) async for chunk in chunks)
    for disturbance in disturbances:
        writes = disturbance.frames(writes)
    for disturbance in disturbances:
        writes = disturbance.writes(writes)
    async for data in writes:
        yield data


async def disturbed_plainly(
    chunks: AsyncIterator[bytes], disturbances: Sequence[Disturbance]
) -> AsyncGenerator[bytes, None]:
    """Hands a container's chunks on without frames, letting every disturbance act where it can.

    Each chunk is one write.
    """
    for disturbance in disturbances:
        chunks = disturbance.records(chunks)
    for disturbance in disturbances:
        chunks = disturbance.parts(chunks)
    for disturbance in disturbances:
        chunks = disturbance.frames(chunks)
    async for chunk in chunks:
        if chunk:  # in HTTP's own framing an empty chunk would be the end
            yield chunk
