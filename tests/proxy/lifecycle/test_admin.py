"""Who may reload and drain, and what a reload may not take away."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.errors import ConfigError
from proxy.start import Reading, Source
from tests.proxy.served import KEY, config, served
from tests.proxy.test_cli import CONFIG

JSON = {"content-type": "application/json"}


async def test_a_public_path_does_not_open_it() -> None:
    """`public_routes` opens no route of the administrator."""
    settings = config(general_settings={"public_routes": ["/config/reload"]})
    async with served(settings=settings, master_key=KEY) as client:
        refused = await client.post("/config/reload", headers={"authorization": "Bearer wrong"})
        assert refused.status_code == 401
        allowed = await client.post("/config/reload")
        assert allowed.json()["workers"] == 1


async def test_without_a_key_this_machine_may() -> None:
    """Without a configured key a request of this machine may, and no other one."""
    async with served() as client:
        assert (await client.post("/config/reload", headers=JSON)).status_code == 200
        assert (await client.post("/config/reload")).status_code == 415
        foreign = {**JSON, "host": "gateway.example.com"}
        assert (await client.post("/config/reload", headers=foreign)).status_code == 403


async def test_an_open_door_is_no_administrator() -> None:
    """With the permission to serve anybody without a key, nobody is the administrator."""
    general = {"dangerously_permit_weak_or_unset_master_key": True}
    async with served(settings=config(general_settings=general)) as client:
        for path in ("/config/reload", "/health/drain"):
            assert (await client.post(path, headers=JSON)).status_code == 403
        assert (await client.get("/health/backlog")).json() == {"in_flight_requests": 0}


def test_a_reload_cannot_unlock_what_others_reach(tmp_path: Path) -> None:
    """A configuration without a key is refused where the gateway listens beyond this machine."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    source = Source(config=str(path))
    assert Reading(source=source, environ={}, host="127.0.0.1")().master_key is None
    with pytest.raises(ConfigError, match="no master key is set"):
        Reading(source=source, environ={}, host="0.0.0.0")()
