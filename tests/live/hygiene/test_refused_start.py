"""A gateway that can't start says why, and nothing that was planted (cases H7 and K1)."""

import json
from pathlib import Path

import pytest

from tests.live.hygiene import planted
from tests.live.hygiene.conftest import CLOSED, VARIABLES, models, sections
from tests.live.hygiene.test_planted_secrets import broken
from tests.live.processes import Process, clean_environment

GOOD = json.dumps(
    {
        "model_list": models(),
        "router_settings": {"default_litellm_params": {"sagemaker_base_url": CLOSED}},
        **sections(Path("keys.db")),
    }
)
DATABASE = f"postgresql://planted:{planted.DATABASE_PASSWORD}@127.0.0.1:9/keys"
STARTS = [*broken(GOOD), GOOD.replace("sqlite:///keys.db", DATABASE)]


@pytest.mark.parametrize("number", range(len(STARTS)))
def test_a_refused_start_tells_no_secret(tmp_path: Path, number: int) -> None:
    """Whatever is wrong with the file or out of reach: lines without secrets, no traceback."""
    path = tmp_path / "config.yaml"
    path.write_text(STARTS[number], encoding="utf-8")
    arguments = ["-m", "proxy", "--config", str(path), "--port", "0", "--debug"]
    process = Process(arguments, clean_environment(**VARIABLES))
    try:
        assert process.ended() == 1, process.err
        said = process.out + process.err
        assert said
        assert "Traceback" not in said
        assert not planted.secrets_in(said), said
    finally:
        process.kill()
