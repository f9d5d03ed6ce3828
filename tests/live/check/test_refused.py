"""Roles that STS refuses: one clear line each, whoever asks, and no library's own words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.check.checked import Checker, chat
from tests.live.leaks import REGION
from tests.live.processes import Process, clean_environment
from tests.sts_server import ROLE, Sts, serve_sts

FILES = (
    f"[profile refused]\nrole_arn = {ROLE}\nsource_profile = base\n"
    "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n"
)
MODELS = [
    chat("by-profile", "e", aws_profile_name="refused"),
    chat("by-role", "e", aws_role_name=ROLE),
]


@pytest.fixture
def sts() -> Iterator[Sts]:
    """A token service that gives the role to nobody."""
    with serve_sts() as service:
        service.denied = "/invoke-models"
        yield service


@pytest.fixture
def variables(sts: Sts, tmp_path: Path) -> dict[str, str]:
    """An environment with a profile and keys, none of which may have the role."""
    (tmp_path / "aws").write_text(FILES)
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "aws"),
        "AWS_ENDPOINT_URL_STS": sts.url,
        "AWS_ACCESS_KEY_ID": "AKIDAMBIENT",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }


def test_check(tmp_path: Path, variables: dict[str, str]) -> None:
    """The identity is the failure, and nothing stands on standard error."""
    checked = Checker(tmp_path, "http://127.0.0.1:9")(
        "--aws", "--json", models=MODELS, variables=variables
    )
    assert checked.code == 1
    assert checked.err == ""
    callers = checked.document["identities"]
    assert [each["models"] for each in callers] == [["by-profile"], ["by-role"]]
    for caller in callers:
        (found,) = caller["findings"]
        assert (found["level"], found["check"]) == ("failure", "identity")
        assert "AccessDenied" in found["text"]
    assert {each["findings"][0]["check"] for each in checked.document["deployments"]} == {"aws"}


@pytest.mark.parametrize("model", ["by-profile", "by-role"])
def test_token(tmp_path: Path, variables: dict[str, str], model: str) -> None:
    """No token is exit code 1 and one line."""
    Checker(tmp_path, None)(models=MODELS, variables=variables)  # writes the configuration
    arguments = ["token", "-c", str(tmp_path / "config.yaml"), "-m", model]
    environment = clean_environment(AWS_REGION=REGION, **variables)
    process = Process(["-m", "proxy", *arguments], environment)
    try:
        assert process.ended() == 1
        assert process.out == ""
        (line,) = process.err.splitlines()
        assert "AccessDenied" in line
    finally:
        process.kill()
