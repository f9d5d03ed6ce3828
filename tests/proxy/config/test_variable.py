"""Variables that stand in files: `NAME_FILE`."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.errors import ConfigError
from proxy.config.schema import GeneralSettings
from proxy.exposure import master_key
from tests.proxy.config.workbench import MODEL, Workbench

LOCK = f"{MODEL}general_settings: {{master_key: os.environ/LOCK}}\n"


def test_a_reference_may_stand_in_a_file(bench: Workbench) -> None:
    """Without `LOCK`, the text of the file that `LOCK_FILE` names, without its line end."""
    secret = bench.write("sk-from-a-file-0123\n", "lock")
    loaded = bench.load(LOCK, {"LOCK_FILE": str(secret)})
    key = loaded.config.general_settings.master_key
    assert key is not None
    assert key.get_secret_value() == "sk-from-a-file-0123"


def test_the_variable_itself_wins(bench: Workbench) -> None:
    """A file is not looked at where the variable is set."""
    environ = {"LOCK": "sk-from-a-variable", "LOCK_FILE": "/nowhere"}
    key = bench.load(LOCK, environ).config.general_settings.master_key
    assert key is not None
    assert key.get_secret_value() == "sk-from-a-variable"


@pytest.mark.parametrize("lenient", [False, True])
def test_a_secrets_file_that_cant_be_read_stops_the_start(bench: Workbench, lenient: bool) -> None:
    """Also when lenient: a lock that is meant to be there is never left out. No content is told."""
    place = "config.yaml:5:20: general_settings.master_key: LOCK_FILE: "
    gone = bench.problems(LOCK, {"LOCK_FILE": "/nowhere/lock"}, lenient=lenient)
    assert gone == [f"{place}/nowhere/lock: there is no such file"]
    binary = bench.folder / "binary"
    binary.write_bytes(b"\xff\xfe")
    told = bench.problems(LOCK, {"LOCK_FILE": str(binary)}, lenient=lenient)
    assert told == [f"{place}binary: is not UTF-8 text"]


def test_the_master_key_may_stand_in_a_file(tmp_path: Path) -> None:
    """`LITELLM_MASTER_KEY_FILE` locks the gateway; one that can't be read opens nothing."""
    file = tmp_path / "key"
    file.write_text("sk-0123456789abcdef\n")
    key = master_key(GeneralSettings(), {"LITELLM_MASTER_KEY_FILE": str(file)})
    assert key is not None
    assert key.get_secret_value() == "sk-0123456789abcdef"
    with pytest.raises(ConfigError, match="LITELLM_MASTER_KEY_FILE: /gone: there is no such file"):
        master_key(GeneralSettings(), {"LITELLM_MASTER_KEY_FILE": "/gone"})
