"""No value of a configuration ever shows in an error, a notice or a representation."""

from __future__ import annotations

from pathlib import Path
from string import ascii_letters, digits
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.config.load import Loaded, load_config
from proxy.config.problems import ConfigProblems

#: Long enough that it is no part of a message by accident, and with a secret's usual letters.
SECRETS = st.text(alphabet=ascii_letters + digits + "/+=", min_size=20, max_size=40).map(
    "s{}".format
)
PLACES = (
    ("general_settings", "master_key"),
    ("general_settings", "public_routes"),
    ("general_settings", "allowed_origins"),
    ("general_settings", "litellm_key_header_name"),
    ("general_settings", "max_request_size_mb"),
    ("general_settings", "custom_auth"),
    ("general_settings", "unheard_of"),
    ("litellm_settings", "request_timeout"),
    ("litellm_settings", "drop_params"),
    ("router_settings", "default_litellm_params"),
    ("environment_variables", "SOME"),
    ("environment_variables", "PATH"),
    ("master_key",),
    ("include",),
    ("model_list", 0, "model_name"),
    ("model_list", 0, "litellm_params"),
    *(
        ("model_list", 0, "litellm_params", name)
        for name in [
            "model",
            "custom_llm_provider",
            "aws_access_key_id",
            "aws_secret_access_key",
            "aws_session_token",
            "aws_role_name",
            "aws_external_id",
            "aws_web_identity_token",
            "aws_sts_endpoint",
            "aws_session_tags",
            "litellm_credential_name",
            "aws_secret_acess_key",
            "aws_region_name",
            "api_base",
            "base_url",
            "stream_mode",
            "timeout",
            "api_key",
            "drop_params",
            "extra_body",
            "allowed_openai_params",
            "configurable_clientside_auth_params",
            "hf_token",
            "top_k",
            "max_payload_mb",
        ]
    ),
    ("model_list", 0, "litellm_params", "extra_body", "token"),
    ("model_list", 0, "model_info", "mode"),
    ("model_list", 0, "model_info", "max_tokens"),
)
#: Shown on purpose: names, not secrets.
PUBLIC = {"model_name", "aws_region_name", "litellm_key_header_name"}


def _put(tree: dict[str, Any], path: tuple[str | int, ...], value: str) -> None:
    node: Any = tree
    for step in path[:-1]:
        node = node[0] if step == 0 else node.setdefault(step, {})
    node[path[-1]] = value


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("path", PLACES)
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(secret=SECRETS, through_variable=st.booleans())
def test_no_value_is_ever_shown(
    tmp_path: Path,
    path: tuple[str | int, ...],
    lenient: bool,
    secret: str,
    through_variable: bool,
) -> None:
    """K5: a secret at any key, right or wrong, is in no text that loading gives."""
    tree: dict[str, Any] = {
        "model_list": [{"model_name": "m", "litellm_params": {"model": "sagemaker/e"}}]
    }
    _put(tree, path, "os.environ/SECRET" if through_variable else secret)
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(tree))
    try:
        shown = _shown(load_config(file, {"SECRET": secret}, lenient=lenient))
    except ConfigProblems as error:
        shown = repr(error) + str(error) + repr(error.__cause__) + repr(error.__context__)
    if path[-1] not in PUBLIC and path != ("include",):
        assert secret not in shown


def _shown(loaded: Loaded) -> str:
    return repr(loaded) + str(loaded) + repr(loaded.config) + "".join(loaded.notices)
