"""The example file and the page are true: nothing supported is missing, nothing is stale."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from pydantic import BaseModel

from adapters.deployment.settings import IDENTITY_KEYS, SigningSettings
from proxy.cli import main
from proxy.config.cache import CacheParams
from proxy.config.deployment import DeploymentParams
from proxy.config.jwt import JwtAuth, JwtIssuer, ScopeMapping
from proxy.config.key_entry import KeyEntry
from proxy.config.load import load_config
from proxy.config.router import RouterSettings
from proxy.config.schema import (
    CredentialEntry,
    GeneralSettings,
    LitellmSettings,
    ModelEntry,
    ModelInfo,
    ProxyConfig,
)
from proxy.config.wildcard import Discover
from proxy.deployments import faults
from proxy.flags import FOREIGN_FLAGS

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "config.example.yaml"
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
VARIABLES = {
    "CUSTOM_AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "CUSTOM_AWS_SECRET_ACCESS_KEY": "example-secret",
    "CUSTOM_AWS_REGION_NAME": "us-east-1",
    "SAGEGATE_MASTER_KEY": "sk-example-master-key",
    "TEAM_A_KEY": "sk-example-of-team-a",
}
SECTIONS: dict[str, type[BaseModel]] = {
    "config.yaml": ProxyConfig,
    "model_list": ModelEntry,
    "litellm_params": DeploymentParams,
    "discover": Discover,
    "model_info": ModelInfo,
    "credential_list": CredentialEntry,
    "keys": KeyEntry,
    "litellm_settings": LitellmSettings,
    "cache_params": CacheParams,
    "general_settings": GeneralSettings,
    "router_settings": RouterSettings,
    "litellm_jwtauth": JwtAuth,
    "issuers": JwtIssuer,
    "scope_mappings": ScopeMapping,
}


def _rows(heading: str) -> dict[str, str]:
    """Give the first two columns of the table below a heading."""
    body = PAGE.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = re.findall(r"^\| (`.+?) \| (.*?) \|", body, flags=re.MULTILINE)
    return {key.split("`")[1]: default for key, default in rows}


def test_the_example_is_valid() -> None:
    """`config.example.yaml` loads without a single notice and passes the registry's checks."""
    loaded = load_config(EXAMPLE, VARIABLES)
    assert loaded.notices == ()
    assert faults(loaded.config, VARIABLES) == []


def test_the_example_shows_every_setting() -> None:
    """Each key of the schema stands in the example, at least in a comment."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for section, schema in SECTIONS.items():
        for key in schema.model_fields:
            assert re.search(rf"^[\s#-]*{key}:", text, flags=re.MULTILINE), (section, key)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_has_exactly_the_schemas_keys(section: str) -> None:
    """Each section's table lists each key of the schema and no other one."""
    assert set(_rows(f"### `{section}`")) == set(SECTIONS[section].model_fields)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_pages_literal_defaults_are_the_schemas(section: str) -> None:
    """A default that the page gives as YAML is the schema's."""
    fields = SECTIONS[section].model_fields
    for key, cell in _rows(f"### `{section}`").items():
        literal = re.fullmatch(r"`([^`]+)`", cell)
        if literal and "_" not in literal[1]:
            default: Any = fields[key].get_default(call_default_factory=True)
            shown = list(default) if isinstance(default, tuple) else default
            assert yaml.safe_load(literal[1]) == shown, key


def test_a_credential_has_a_deployments_identity_settings() -> None:
    """What says who signs may stand in `credential_values`, with address and region of AWS."""
    fields = {*IDENTITY_KEYS, "aws_sts_endpoint", "aws_region_name"}
    assert set(SigningSettings.model_fields) == fields
    for key in fields:
        own = DeploymentParams.model_fields[key].annotation
        assert SigningSettings.model_fields[key].annotation == own


def test_the_page_has_exactly_the_command_lines_flags() -> None:
    """The table of flags is the command's own list, with its variables and defaults."""
    heading = "## Command line"
    body = PAGE.split(f"\n{heading}\n", 1)[1].split("\n### ", 1)[0]
    shown = {
        flag: (variable, default)
        for flag, variable, default in re.findall(
            r"^\| `--(\w+)`[^|]*\| (?:`(\w+)`)? ?\| ([^|]*?) ?\|", body, flags=re.MULTILINE
        )
    }
    options = {
        option.name or "": option
        for option in main.params
        if isinstance(option, click.Option) and not option.hidden
    }
    assert set(shown) == set(options)
    for name, option in options.items():
        if option.envvar is not None:
            assert shown[name][0] == option.envvar
        if option.show_default:
            assert shown[name][1] == str(option.default)


def test_the_page_names_every_foreign_flag() -> None:
    """Each of LiteLLM's other flags is named, so that a search on the page finds it."""
    for flag in FOREIGN_FLAGS:
        assert f"`--{flag.name}`" in PAGE, flag.name
