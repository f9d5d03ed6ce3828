"""Fixtures: the command against an emulator with endpoints in every state."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from emulator.server import running_emulator
from emulator.settings import parse
from tests.live.check.checked import Checker
from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY

#: Starts an emulator with the settings given over the usual ones.
Emulating = Callable[..., AbstractContextManager[Checker]]

ENDPOINTS = {
    "plain": {"kind": "messages"},
    "text": {"kind": "tgi", "serverless": True},
    "vectors": {"kind": "embeddings"},
    "sleeps": {
        "kind": "messages",
        "inference_components": ["sleeper"],
        "copies": 0,
        "min_copies": 0,
        "routing_strategy": "PREFIX_AWARE",
    },
    "stuck": {
        "kind": "messages",
        "inference_components": ["stuck-one"],
        "min_copies": 0,
        "wake_alarm": False,
    },
    "slow": {"kind": "messages", "faults": [{"fault": "slow_first_byte", "seconds": 5}]},
    "failed": {"kind": "messages", "status": "Failed"},
}
SETTINGS = {
    "regions": [REGION],
    "credentials": [{"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}],
    "endpoints": ENDPOINTS,
}


@pytest.fixture(scope="module")
def emulating(tmp_path_factory: pytest.TempPathFactory) -> Emulating:
    """Starts an emulator of a test's own."""

    @contextmanager
    def start(**settings: Any) -> Iterator[Checker]:
        with running_emulator(parse({**SETTINGS, **settings}, "test")) as url:
            yield Checker(tmp_path_factory.mktemp("check"), url)

    return start


@pytest.fixture(scope="module")
def check(emulating: Emulating) -> Iterator[Checker]:
    """Runs the command against one emulator for all tests of a module."""
    with emulating() as checker:
        yield checker
