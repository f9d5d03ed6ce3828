"""A model's settings have a text that stands for them: answers that other settings gave are old."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from proxy import deployments
from tests.proxy.served import config, entry

ENVIRON = {"AWS_REGION": "eu-west-1"}
KEYS = {"aws_access_key_id": "AKIDONE", "aws_secret_access_key": "one-secret"}
PROGRAM = """
from proxy import deployments
from tests.proxy.test_fingerprints import fingerprint
print(fingerprint(top_k=1, extra_body={"a": {"b": 1}}, stop=["x"]), end="")
"""


def fingerprint(model: str = "sagemaker_chat/e", environ: Any = None, **params: Any) -> str:
    made = config(model_list=[entry("m", model, **params)])
    return deployments.deployments(made, environ or ENVIRON)[0].fingerprint


@pytest.mark.parametrize(
    "other",
    [
        {"model": "sagemaker_chat/other"},
        {"temperature": 0.5},
        {"own_parameter": 1},
        {"model_id": "component"},
        {"aws_region_name": "us-east-1"},
        {"aws_role_name": "arn:aws:iam::111122223333:role/r", "aws_session_name": "me"},
        {"drop_params": True},
        {"environ": {"AWS_REGION": "us-east-1"}},
    ],
)
def test_other_settings_have_another_text(other: dict[str, Any]) -> None:
    """Endpoint, component, parameters, region and identity each count."""
    assert fingerprint(**other) != fingerprint()


def test_the_same_settings_have_the_same_text_and_no_secret() -> None:
    """A secret that is replaced changes nothing, and is not in the text."""
    one = fingerprint(**KEYS)
    assert one == fingerprint(**{**KEYS, "aws_secret_access_key": "another"})
    assert "one-secret" not in one


def test_every_process_says_the_same() -> None:
    """Workers that share a store must agree, whatever seed their hashes have."""
    said = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert said != {b""}
