"""The region of a profile, read without AWS's library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.errors import ConfigError
from adapters.sagemaker.settings import read_aws_settings

CONFIG = """\
[default]
region = eu-west-1
s3 =
    max_concurrent_requests = 20

[profile ops]
region = eu-central-1

[profile "with space"]
region=eu-north-1

[profile mute]
output = json
"""


def region(environ: dict[str, str], **params: object) -> str:
    """Give the region that is chosen."""
    return read_aws_settings(params, environ).region


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment whose home has AWS's files."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(CONFIG)
    return {"HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("params", "more", "expected"),
    [
        ({}, {}, "eu-west-1"),
        ({}, {"AWS_PROFILE": "ops"}, "eu-central-1"),
        ({}, {"AWS_DEFAULT_PROFILE": "with space"}, "eu-north-1"),
        ({"aws_profile_name": "ops"}, {"AWS_PROFILE": "with space"}, "eu-central-1"),
        ({}, {"AWS_PROFILE_NAME": "ops"}, "eu-central-1"),
        ({"aws_profile_name": "ops"}, {"AWS_DEFAULT_REGION": "sa-east-1"}, "sa-east-1"),
        ({"aws_profile_name": "ops", "aws_region_name": "a-b-1"}, {}, "a-b-1"),
        ({"aws_profile_name": "mute"}, {}, "us-west-2"),
        ({"aws_profile_name": "nobody"}, {}, "us-west-2"),
    ],
)
def test_profiles_come_after_the_variables(
    home: dict[str, str], params: dict[str, object], more: dict[str, str], expected: str
) -> None:
    """The profile named, else the environment's, else the default one; after all variables."""
    settings = read_aws_settings(params, {**home, **more})
    assert settings.region == expected
    assert settings.region_assumed is (expected == "us-west-2")


def test_where_the_files_are(home: dict[str, str], tmp_path: Path) -> None:
    """AWS's variables say where; the credentials file's word counts more; `~` is the home."""
    (tmp_path / "other").write_text("[default]\nregion = ap-south-1\n")
    assert region({**home, "AWS_CONFIG_FILE": str(tmp_path / "other")}) == "ap-south-1"
    assert region({**home, "AWS_CONFIG_FILE": "~/other"}) == "ap-south-1"
    assert region({"AWS_CONFIG_FILE": "~/other"}) == "us-west-2"
    assert region({**home, "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "other")}) == "ap-south-1"


def test_an_edited_file_is_read_again(home: dict[str, str], tmp_path: Path) -> None:
    """A file is read once for each of its versions."""
    assert region(home) == "eu-west-1"
    (tmp_path / ".aws" / "config").write_text("[default]\nregion = ap-southeast-2\n")
    assert region(home) == "ap-southeast-2"


@pytest.mark.parametrize(
    "content", [b"no section", b"\xff\xfe", b'[profile "open]\nregion = eu-west-1\n', b"[default]"]
)
def test_unreadable_files_name_no_region(home: dict[str, str], content: bytes) -> None:
    """A file that is none is no region; getting credentials from it says what is wrong."""
    (Path(home["HOME"]) / ".aws" / "config").write_bytes(content)
    assert region(home) == "us-west-2"


def test_a_directory_is_no_file(home: dict[str, str]) -> None:
    """What can't be read as a file names no region."""
    assert region({**home, "AWS_CONFIG_FILE": home["HOME"]}) == "us-west-2"


def test_a_bad_region_of_a_profile(home: dict[str, str]) -> None:
    """A region that could change the host is refused, also out of a file."""
    (Path(home["HOME"]) / ".aws" / "config").write_text("[default]\nregion = evil.example/\n")
    with pytest.raises(ConfigError, match="the profile's region is not an AWS region"):
        region(home)


def test_reading_settings_loads_no_aws_library(home: dict[str, str]) -> None:
    """A start with profiles' regions and static keys stays without AWS's library."""
    program = (
        "import sys\n"
        "from adapters.sagemaker.connections import Connections\n"
        "from adapters.sagemaker.settings import read_aws_settings\n"
        "keys = {'aws_access_key_id': 'AKID', 'aws_secret_access_key': 'secret'}\n"
        f"settings = read_aws_settings(keys, {home!r})\n"
        "assert settings.region == 'eu-west-1'\n"
        "invoker = Connections().invoker(settings)\n"
        "loaded = {'boto3', 'botocore', 'aioboto3', 'aiobotocore'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])
