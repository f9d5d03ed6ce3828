"""The chart as a test sees it: rendered manifests, by kind."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
HELM = ROOT / "deploy" / "helm"
CHART = HELM / "sagegate"

#: The least that must be given.
LEAST: dict[str, Any] = {
    "image": {"repository": "registry.example/sagegate"},
    "masterKey": {"existingSecret": "keys"},
    "config": {
        "model_list": [{"model_name": "m", "litellm_params": {"model": "sagemaker_chat/e"}}]
    },
}


def with_values(**changes: Any) -> dict[str, Any]:
    """Give the least values with others beside them; None takes one away."""
    values = {**copy.deepcopy(LEAST), **changes}
    return {key: value for key, value in values.items() if value is not None}


def ask_helm(values: dict[str, Any]) -> dict[str, Any]:
    """Let Helm render a set of values: `rendered`, or the error's text; and `lint` the chart."""
    answer: dict[str, Any] = json.loads(_asked(json.dumps(values)))
    return answer


@cache
def _asked(values: str) -> str:
    """Ask once for each set."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.deploy.helm_render", str(CHART)],
        input=values,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def manifests(values: dict[str, Any]) -> dict[str, Any]:
    """Render values that must be good; the manifests by their kind."""
    answer = ask_helm(values)["rendered"]
    assert isinstance(answer, dict), answer
    texts = [text for name, text in answer.items() if not name.endswith(".txt")]
    documents = [each for text in texts for each in yaml.safe_load_all(text) if each]
    return {each["kind"]: each for each in documents}


def refusal(values: dict[str, Any]) -> str:
    """Render values that must be refused; the reason."""
    answer = ask_helm(values)["rendered"]
    assert isinstance(answer, str), "the values were accepted"
    return answer


def example(name: str) -> dict[str, Any]:
    """Give an example's values."""
    values: dict[str, Any] = yaml.safe_load((HELM / "examples" / f"{name}.yaml").read_text())
    return values
