"""The token service is down: what a running gateway serves, and what its operator reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, error_of
from tests.live.leaks import REGION, TEMPORARY_KEY, TEMPORARY_SECRET, TEMPORARY_TOKEN
from tests.sts_server import ROLE, Sts, serve_sts

#: Seconds; the last third of it is the time of the refresh.
LIFE = 4
CONFIGURATION = """\
model_list:
  - model_name: chat
    litellm_params:
      model: sagemaker_chat/chat
      sagemaker_base_url: {url}
      aws_region_name: {region}
      aws_role_name: {role}
      aws_sts_endpoint: {sts}
      aws_access_key_id: AKIDSOURCE
      aws_secret_access_key: source
"""


@pytest.fixture
def sts() -> Iterator[Sts]:
    """A token service whose sessions end soon."""
    with serve_sts() as service:
        service.life = timedelta(seconds=LIFE)
        service.mint = lambda _: (TEMPORARY_KEY, TEMPORARY_SECRET, TEMPORARY_TOKEN)
        yield service


@pytest.fixture
def gateway(start: StartGateway, emulator_process: Emulated, sts: Sts) -> Iterator[Gateway]:
    """A gateway with such a session."""
    text = CONFIGURATION.format(url=emulator_process.url, role=ROLE, sts=sts.url, region=REGION)
    with start(text) as gateway:
        yield gateway


def test_an_outage(gateway: Gateway, sts: Sts, emulated: Emulated) -> None:
    """A session serves to its end without its token service; then 502, and the log advises (I2)."""
    assert gateway.chat("chat").status_code == 200
    sts.refusals = [(403, "AccessDenied", f"Not authorized: sts:AssumeRole on {ROLE}")] * 100
    warned = gateway.process.err.count("credentials.refresh_failed")
    while (answer := gateway.chat("chat")).status_code == 200:
        warned = gateway.process.err.count("credentials.refresh_failed")
    assert warned == 1, "the session went on serving behind a failed refresh"
    assert (answer.status_code, error_of(answer)["code"]) == (502, "AccessDenied")
    assert answer.headers["x-should-retry"] == "false"
    served = len(emulated.requests("chat"))
    for _ in range(20):
        assert gateway.chat("chat").status_code == 502
    assert len(emulated.requests("chat")) == served
    assert len(sts.asked) == 2, "nobody asks again within the pause"
    line = gateway.process.wait_for_line("call.finished", "AccessDenied")
    assert "allow sts:AssumeRole on the role" in line
    assert "arn:aws:iam::************:role/teams/invoke-models" in line
