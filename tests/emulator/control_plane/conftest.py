"""Fixtures: an emulator with endpoints in every state, and boto3 clients of its services."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from emulator.server import running_emulator
from emulator.settings import ACCESS_KEY, SECRET_KEY, parse
from tests.emulator.callers import REGION, TEMPORARY

#: Gives a client of a service, with other credentials or regions on request.
ClientOf = Callable[..., Any]

CONFIGURATION = {
    "regions": [REGION, "eu-west-1"],
    "credentials": [{"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}, *TEMPORARY],
    "endpoints": {
        "plain": {
            "kind": "messages",
            "tags": {"team": "search", "stage": "prod"},
            "environment": {"SM_VLLM_MODEL": "org/model"},
        },
        "static": {"kind": "lmi_static", "status": "Updating"},
        "old-chat": {"kind": "tgi", "flavour": "messages", "status": "UpdateRollbackFailed"},
        "small": {"kind": "tgi", "serverless": True, "asynchronous": True},
        "own": {"kind": "custom", "image": "{account}.dkr.ecr.{region}.amazonaws.com/mine:1"},
        "sleeps": {
            "kind": "messages",
            "inference_components": ["sleeper", "second"],
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
        "steady": {"kind": "messages", "inference_components": ["steady-one"]},
    },
}


def clients(url: str) -> Iterator[ClientOf]:
    """Gives clients of the emulator at an address, and closes them at the end."""
    opened: dict[tuple[Any, ...], Any] = {}

    def client(service: str, key: str = ACCESS_KEY, region: str = REGION, **more: Any) -> Any:
        name = (service, key, region)
        if name not in opened:
            secrets = {"aws_secret_access_key": SECRET_KEY, **more}
            opened[name] = boto3.Session().client(
                service,
                endpoint_url=url,
                region_name=region,
                aws_access_key_id=key,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
                **secrets,
            )
        return opened[name]

    yield client
    for each in opened.values():
        each.close()


@pytest.fixture(scope="module")
def plane_url() -> Iterator[str]:
    """A running emulator."""
    with running_emulator(parse(CONFIGURATION, "test")) as url:
        yield url


@pytest.fixture(scope="module")
def client(plane_url: str) -> Iterator[ClientOf]:
    """Clients of that emulator."""
    yield from clients(plane_url)
