"""The chart's values are no place for secrets: the configuration's own types say which they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from proxy.config.schema import ProxyConfig
from tests.deploy.chart import manifests, refusal, with_values

#: What the configuration hides in its own words, and AWS does not call a secret.
NO_SECRETS = {"aws_external_id", "aws_web_identity_token"}
SCHEMA = ProxyConfig.model_json_schema()


def hidden() -> list[tuple[str, ...]]:
    """Give the paths of the configuration's secrets, as its own types tell them."""

    def found(node: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        if node.get("format") == "password":
            yield path
        for part in node.get("anyOf", []):
            yield from found(part, path)
        for name, part in node.get("properties", {}).items():
            yield from found(part, (*path, name))
        if "items" in node:
            yield from found(node["items"], (*path, "[]"))
        if isinstance(node.get("additionalProperties"), dict):
            yield from found(node["additionalProperties"], (*path, "A_TOKEN"))

    return [path for path in found(SCHEMA, ()) if path[-1] not in NO_SECRETS]


def nested(path: tuple[str, ...], value: str) -> Any:
    """Give a document with the value at the path."""
    if not path:
        return value
    name, *rest = path
    inner = nested(tuple(rest), value)
    return [inner] if name == "[]" else {name: inner}


def test_secrets_are_found() -> None:
    """The walk sees a plain one, one of a list's entries, and variables."""
    paths = {".".join(path) for path in hidden()}
    assert "general_settings.master_key" in paths
    assert "model_list.[].litellm_params.aws_secret_access_key" in paths
    assert "environment_variables.A_TOKEN" in paths


@pytest.mark.parametrize("path", hidden(), ids=".".join)
def test_no_secret_is_written_into_the_configuration(path: tuple[str, ...]) -> None:
    """Everything that the gateway itself hides is refused as text, and taken as a reference."""
    password = "redis://:hunter2hunter2@redis" if path[-1].endswith("url") else "hunter2hunter2"
    told = refusal(with_values(config=nested(path, password)))
    assert "/config/" in told
    manifests(with_values(config=nested(path, "os.environ/ANY")))
