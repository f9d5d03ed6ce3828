"""`credential_list` and `litellm_credential_name`: who signs, by name."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.config.load import Loaded
from proxy.deployments import describe, faults
from tests.proxy.config.workbench import Workbench

ROLE = "arn:aws:iam::111122223333:role/teams/invoke-models"
LIST = f"""
credential_list:
  - credential_name: keys
    credential_values:
      aws_access_key_id: os.environ/KEY
      aws_secret_access_key: os.environ/SECRET
      aws_region_name: eu-central-1
  - credential_name: other-account
    credential_values:
      aws_role_name: {ROLE}
      aws_external_id: tenant-1
      aws_session_tags: {{team: search}}
    credential_info: {{owner: platform, custom_llm_provider: aws}}
"""
ENVIRON = {"KEY": "AKIDEXAMPLE", "SECRET": "listed-secret"}


def one(name: str, **more: Any) -> str:
    """Write a file with the list and a model that names a credential."""
    lines = "".join(f"      {key}: {value}\n" for key, value in more.items())
    return (
        "model_list:\n  - model_name: m\n    litellm_params:\n      model: sagemaker/e\n"
        f"      litellm_credential_name: {name}\n{lines}{LIST}"
    )


def identity_of(loaded: Loaded) -> str:
    """Give what the banner says of the only model."""
    assert not faults(loaded.config, {})
    (line,) = describe(loaded.config, {})
    return f"{line.identity} in {line.region}"


def test_a_credential_is_the_models_identity(bench: Workbench) -> None:
    """All of its settings are the model's, variables resolved, its region included."""
    loaded = bench.load(one("keys"), ENVIRON)
    assert identity_of(loaded) == "static keys in eu-central-1"
    params = loaded.config.model_list[0].litellm_params
    assert params.plain()["aws_secret_access_key"] == "listed-secret"
    assert "listed-secret" not in repr(loaded)
    assert params.defaults == {}, "nothing of it goes to the container"


def test_a_model_has_its_own_addresses(bench: Workbench) -> None:
    """Region and STS endpoint may be the model's own: they are no part of the identity."""
    url = "https://sts.eu-west-3.amazonaws.com"
    loaded = bench.load(
        one("other-account", aws_region_name="eu-west-1", aws_sts_endpoint=url), ENVIRON
    )
    assert identity_of(loaded) == "role invoke-models in eu-west-1"
    assert loaded.config.model_list[0].litellm_params.aws_sts_endpoint == url


def test_unknown_name(bench: Workbench) -> None:
    """A name that the list lacks is told at its place, with the one that was meant."""
    (line,) = bench.problems(one("other-acount"), ENVIRON)
    assert line == (
        "config.yaml:5:7: model_list[0].litellm_params.litellm_credential_name: "
        "credential_list has no credential of this name (did you mean other-account?)"
    )
    (line,) = bench.problems(one("xyz"), ENVIRON)
    assert line.endswith("credential_list has no credential of this name")


@pytest.mark.parametrize("key", ["aws_access_key_id", "aws_role_name", "aws_profile_name"])
def test_a_name_and_own_settings(bench: Workbench, key: str) -> None:
    """A model that names a credential says nothing else about who signs."""
    lines = bench.problems(one("keys", **{key: "x"}), ENVIRON)
    assert (
        f"config.yaml:6:7: model_list[0].litellm_params.{key}: "
        "litellm_credential_name says who signs: keep one of the two"
    ) in lines


@pytest.mark.parametrize("given", ["litellm_credential_name: keys", "aws_profile_name: ops"])
def test_defaults_do_not_mix(bench: Workbench, given: str) -> None:
    """A model with an identity inherits nothing of another one; a region it does (I9)."""
    text = f"""\
model_list:
  - model_name: own
    litellm_params: {{model: sagemaker/e, litellm_credential_name: other-account}}
  - model_name: none
    litellm_params: {{model: sagemaker/e}}
router_settings:
  default_litellm_params:
    {given}
    aws_region_name: eu-west-1
"""
    loaded = bench.load(text + LIST, ENVIRON)
    own, none = describe(loaded.config, {})
    assert (own.identity, own.region) == ("role invoke-models", "eu-west-1")
    assert none.identity == ("static keys" if "keys" in given else "profile ops")
    assert none.region == "eu-west-1"


def test_the_credentials_region_is_nearer_than_the_default(bench: Workbench) -> None:
    """A region of the credential that a model names wins over the router's."""
    router = "router_settings: {default_litellm_params: {aws_region_name: eu-west-1}}\n"
    assert identity_of(bench.load(one("keys") + router, ENVIRON)).endswith("eu-central-1")


def test_a_name_twice(bench: Workbench) -> None:
    """Two credentials of one name are an error."""
    more = "  - {credential_name: keys, credential_values: {aws_profile_name: ops}}\n"
    lines = bench.problems(one("keys") + more, ENVIRON)
    assert [line.partition(": ")[2] for line in lines] == [
        "credential_list[2].credential_name: another credential has the same name"
    ]


def test_unset_variables_stop_the_start(bench: Workbench) -> None:
    """A credential whose variable is not set never becomes another identity in silence."""
    (line,) = bench.problems(one("keys"), {"KEY": "AKIDEXAMPLE"})
    assert line.endswith("the environment variable SECRET is not set")


def test_the_list_is_checked(bench: Workbench) -> None:
    """Unknown keys, missing parts and wrong values are told at their places."""
    text = """\
model_list: [{model_name: m, litellm_params: {model: sagemaker/e}}]
credential_list:
  - credential_name: one
    credential_values: {aws_role_nam: x, api_key: hush, aws_sts_endpoint: nowhere}
    credential_inf: {}
  - credential_values: {aws_access_key_id: ""}
  - credential_name: three
"""
    lines = bench.problems(text)
    assert "unknown key (did you mean aws_role_name?)" in lines[0]
    assert [line.split(": ")[1] for line in lines] == [
        "credential_list[0].credential_values.aws_role_nam",
        "credential_list[0].credential_values.api_key",
        "credential_list[0].credential_values.aws_sts_endpoint",
        "credential_list[0].credential_inf",
        "credential_list[1].credential_name",
        "credential_list[1].credential_values.aws_access_key_id",
        "credential_list[2].credential_values",
    ]
    assert "hush" not in "".join(lines)


def test_faults_of_a_role_are_told_at_the_list(bench: Workbench) -> None:
    """What AWS would not take is told where it was written: in the credential."""
    loaded = bench.load(one("other-account").replace("tenant-1", "x"), ENVIRON)
    (fault,) = loaded.located(faults(loaded.config, {})).lines
    assert "config.yaml:16:7: credential_list[1].credential_values.aws_external_id: " in fault
