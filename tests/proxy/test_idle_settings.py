"""Settings that could have no effect: each stops the start, at its own line."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.errors import ConfigError
from proxy.start import Source

KEYS = "aws_access_key_id: AKIAEXAMPLE, aws_secret_access_key: example-secret"
TWICE = "aws_access_key_id says who signs already: keep one of the two"


def problem(folder: Path, params: str, rest: str = "", star: str = "") -> str:
    """Give the one problem of a model with these settings, without its place."""
    path = folder / "config.yaml"
    name, model = f"m{star}", f"sagemaker_chat/llm-{star or 'e'}"
    path.write_text(
        f'model_list: [{{model_name: "{name}", litellm_params: '
        f'{{model: "{model}", aws_region_name: eu-west-1, {params}}}}}]\n{rest}'
    )
    with pytest.raises(ConfigError) as caught:
        Source(config=str(path)).load({})
    (line,) = str(caught.value).splitlines()
    return line.partition(": ")[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("aws_profile_name", "ops"),
        ("aws_web_identity_token", "/token, aws_role_name: arn:aws:iam::111122223333:role/r"),
    ],
)
def test_two_identities(tmp_path: Path, name: str, value: str) -> None:
    """Keys beside a profile or a web identity: one of them would not sign, so neither does."""
    told = problem(tmp_path, f"{KEYS}, {name}: {value}")
    assert told == f"model_list[0].litellm_params.{name}: {TWICE}"


def test_two_identities_in_a_credential(tmp_path: Path) -> None:
    """A named credential is one identity too, and the problem stands where it was written."""
    values = f"{{{KEYS}, aws_profile_name: ops}}"
    rest = f"credential_list: [{{credential_name: c, credential_values: {values}}}]\n"
    told = problem(tmp_path, "litellm_credential_name: c", rest)
    assert told == f"credential_list[0].credential_values.aws_profile_name: {TWICE}"


def test_an_allow_list_that_allows_nothing(tmp_path: Path) -> None:
    """An entry that the model's own endpoints never fit is refused by its place."""
    told = problem(tmp_path, "allowed_endpoints: [llm-a, other-*]", star="*")
    entry = "model_list[0].litellm_params.allowed_endpoints[1]"
    assert told == f"{entry}: allows nothing: the model's endpoints are 'llm-*'"


@pytest.mark.parametrize("size", ["25.1", "100000"])
def test_a_body_that_no_endpoint_takes(tmp_path: Path, size: str) -> None:
    """A limit beyond all of AWS's limits nothing."""
    told = problem(tmp_path, f"max_payload_mb: {size}")
    assert told == "model_list[0].litellm_params.max_payload_mb: must be at most 25"


def test_a_wildcard_with_one_endpoints_url(tmp_path: Path) -> None:
    """Whatever was asked for, that one endpoint would answer: no name would mean anything."""
    url = "http://127.0.0.1:1/endpoints/llm-a/invocations"
    told = problem(tmp_path, f"api_base: {url}", star="*")
    assert told == (
        "model_list[0].litellm_params.api_base: the URL of one endpoint: every name would call it; "
        "leave out what follows the host"
    )
