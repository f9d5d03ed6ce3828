"""A token service that refuses, fails, talks nonsense, is slow, or is not there."""

from __future__ import annotations

import asyncio
import logging
import time
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from adapters.errors import UpstreamError
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.identity import Keys, Role, RoleArn
from adapters.sagemaker.identity import Sts as StsAddress
from adapters.sagemaker.refreshing import RETRY_PAUSE, RefreshingCredentials
from adapters.sagemaker.roles import AssumedRole
from tests.adapters.sagemaker.test_roles import session
from tests.sts_server import ROLE, Sts, minted

KEYS = Credentials("AKIDEXAMPLE", "secret")
DENIED = (
    "User: arn:aws:iam::111122223333:user/gateway is not authorized to perform: sts:AssumeRole "
    f"on resource: {ROLE} with eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwb2QifQ.c2ln"
)
HALF_ANSWER = (
    '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
    "<Credentials><SecretAccessKey>wJalrXUtnFEMI</SecretAccessKey></Credentials>"
    "</AssumeRoleResult></AssumeRoleResponse>"
)


class HeldRole:
    """A role's credentials, on a clock that is moved by hand."""

    def __init__(self, url: str) -> None:
        arn = RoleArn.parse(ROLE)
        assert arn is not None
        self.now = time.time()
        role = Role(arn=arn, source=Keys(KEYS), sts=StsAddress("eu-west-1", url))
        fetch = AssumedRole(role, StaticCredentials(KEYS), "sagegate-test")
        self.credentials = RefreshingCredentials(fetch, clock=lambda: self.now)

    async def current(self) -> Credentials:
        """Give the credentials of now, and let a refresh that began end."""
        current = await self.credentials.current()
        for task in asyncio.all_tasks():
            if task.get_name() == RefreshingCredentials.__name__:
                await task
        return current


FAULTS: dict[str, dict[str, Any]] = {
    "refused": {"refusals": [(403, "AccessDenied", DENIED)]},
    "throttled": {"refusals": [(400, "Throttling", "Rate exceeded")] * 2},
    "failing": {"refusals": [(500, "InternalFailure", "sorry")] * 2},
    "nonsense": {"garbage": "<html>SecretAccessKey</html>"},
    "broken": {"garbage": "<AssumeRoleResponse><SecretAccessKey>wJalrXUtnFEMI</SecretAcc"},
    "half": {"garbage": HALF_ANSWER},
}
CODES = {"refused": "AccessDenied", "throttled": "Throttling", "failing": "InternalFailure"}


@pytest.mark.parametrize("fault", FAULTS)
async def test_fault_without_credentials(sts: Sts, fault: str) -> None:
    """It is a 502 with AWS's name, nobody's ARN in it, and no key or token even in the log."""
    vars(sts).update(deepcopy(FAULTS[fault]))
    role = HeldRole(sts.url)
    with pytest.raises(UpstreamError) as caught:
        await role.current()
    error = caught.value
    assert (error.status, error.should_retry) == (502, False)
    assert error.code == CODES.get(fault, "credentials_unavailable")
    assert "arn:" not in error.message
    assert "wJalr" not in f"{error.message}{error.detail}"
    assert "eyJ" not in str(error.detail)
    sts.refusals, sts.garbage = [], ""
    role.now += RETRY_PAUSE
    assert await role.current() == session(sts.sessions)


@pytest.mark.parametrize("fault", FAULTS)
async def test_fault_while_credentials_are_valid(
    sts: Sts, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """Valid credentials serve on, with one warning; then the refresh succeeds (I2)."""
    role = HeldRole(sts.url)
    first = await role.current()
    vars(sts).update(deepcopy(FAULTS[fault]))
    role.now += timedelta(minutes=50).total_seconds()
    assert await role.current() == first
    (warning,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "credentials.refresh_failed" in warning.getMessage()
    assert "wJalr" not in warning.getMessage()
    sts.refusals, sts.garbage = [], ""
    role.now += RETRY_PAUSE
    assert await role.current() == first
    assert await role.current() == session(2)


async def test_nobody_there(unused_tcp_port: int) -> None:
    """A token service that can't be reached is told as such."""
    role = HeldRole(f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(UpstreamError) as caught:
        await role.current()
    assert caught.value.code == "credentials_unavailable"
    assert "EndpointConnectionError" in str(caught.value.detail)


async def test_slow_service_while_credentials_are_valid(sts: Sts) -> None:
    """Nobody waits for a slow refresh while there are valid credentials."""
    role = HeldRole(sts.url)
    first = await role.current()
    role.now += timedelta(minutes=50).total_seconds()
    sts.open.clear()
    for _ in range(200):
        assert await role.credentials.current() == first
    sts.open.set()
    assert await role.current() == first
    assert await role.current() == Credentials(*minted(2))
    assert len(sts.asked) == 2
