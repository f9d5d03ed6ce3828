"""What a token of a stream costs, early and late in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from benchmarks.growth.paired import process_of
from benchmarks.questions import WrongAnswer, of_openai
from benchmarks.streams.reader import Reader
from benchmarks.targets.sagegate import PATH, Configuration
from benchmarks.targets.target import CALLER_KEY, Target

#: Tokens of the streams that are compared.
LENGTHS: Final = (100, 2_000, 20_000)
#: Tokens that are read for each length, so that processor time is more than its grain.
_TOKENS: Final = 40_000
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a stream.

    Args:
        begins: After so many tokens.
        ends: After so many.
        token: Processor seconds for each of its tokens.
    """

    begins: int
    ends: int
    token: float


def models(configuration: Configuration) -> None:
    """Let a gateway have a model for each length."""
    (sample,) = (each for each in configuration["model_list"] if each["model_name"] == "chat")
    for length in LENGTHS:
        params = {**sample["litellm_params"], "model": f"sagemaker_chat/{_name(length)}"}
        configuration["model_list"].append({"model_name": _name(length), "litellm_params": params})


async def measure(target: Target, rounds: int) -> Sequence[Stretch]:
    """Read streams of each length, in turn.

    Raises:
        WrongAnswer: one has ended too soon.
    """
    for length in LENGTHS:
        await _read(target, length)  # the runtime makes its bytes now
    costs = dict.fromkeys(LENGTHS, 0.0)
    for _ in range(rounds):
        for length in LENGTHS:
            costs[length] += await _cost(target, length) / rounds
    stretches = [Stretch(0, LENGTHS[0], costs[LENGTHS[0]] / LENGTHS[0])]
    for shorter, longer in pairwise(LENGTHS):
        token = (costs[longer] - costs[shorter]) / (longer - shorter)
        stretches.append(Stretch(shorter, longer, token))
    return stretches


async def _cost(target: Target, length: int) -> float:
    """Give the processor seconds of a stream."""
    process, count = process_of(target), _TOKENS // length
    before = process.cpu
    for _ in range(count):
        await _read(target, length)
    return (process.cpu - before) / count


async def _read(target: Target, length: int) -> None:
    request = of_openai(PATH, _name(length), CALLER_KEY, stream=True).request
    loop = asyncio.get_running_loop()
    _, reader = await loop.create_connection(
        lambda: Reader(request), "127.0.0.1", target.address.port
    )
    async with asyncio.timeout(_PATIENCE):
        while reader.is_open:  # noqa: ASYNC110 - a look now and then costs the gateway nothing
            await asyncio.sleep(0.001)
    reader.close()
    if reader.events < length:
        raise WrongAnswer(f"{reader.events} events instead of {length}")


def _name(length: int) -> str:
    return f"chat-{length}"
