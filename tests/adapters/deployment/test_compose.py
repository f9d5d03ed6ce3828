"""What becomes of one deployment's settings."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.base import Invoker
from adapters.deployment.mock import MockInvoker
from adapters.deployment.settings import Settings
from adapters.errors import ConfigError
from adapters.sagemaker.settings import AwsSettings
from tests.adapters.deployment.composing import composed
from tests.adapters.scripted import ScriptedInvoker

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


@pytest.mark.parametrize(
    ("model", "settings", "name"),
    [
        ("sagemaker/e", {}, "huggingface"),
        ("sagemaker/e", {"format": "tgi"}, "tgi"),
        ("sagemaker_chat/e", {}, "messages"),
        ("sagemaker_nova/e", {}, "nova"),
        ("sagemaker/openai/e", {}, "openai"),
        ("sagemaker/openai/e", {"format": "openai_embed"}, "openai_embed"),
    ],
)
def test_the_route_chooses_a_format_that_the_settings_may_change(
    model: str, settings: dict[str, Any], name: str
) -> None:
    """Each route speaks its own dialect, at the endpoint's own name."""
    made = composed(model, **settings)
    assert made.format.name == name
    assert made.target.endpoint == "e"
    assert made.target.invoke_url.endswith("/endpoints/e/invocations")


def test_openai_bodies_serve_three_tasks() -> None:
    """`sagemaker/openai/` is chat, completions and embeddings."""
    spoken = composed("sagemaker/openai/my-cohere-endpoint").format
    assert spoken.chat is not None
    assert spoken.completion is not None
    assert spoken.embedding is not None


@pytest.mark.parametrize("model", ["sagemaker_chat/e", "sagemaker/openai/e", "sagemaker/e"])
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ""),
        ({"hf_model_name": "org/m"}, "org/m"),
        ({"hf_model_name": "org/m", "body_model": "endpoint"}, "e"),
        ({"body_model": "omit"}, None),
        ({"body_model": "served"}, "served"),
        ({"body_model": ""}, ""),
    ],
)
def test_what_a_container_sees_as_model(
    model: str, settings: dict[str, Any], expected: str | None
) -> None:
    """`hf_model_name`, else nothing, unless `body_model` says otherwise."""
    assert composed(model, **settings).target.body_model == expected


def test_custom_attributes_are_a_header_of_every_call() -> None:
    """`accept_eula=true` is sent where it is configured, and nowhere else."""
    assert composed().target.headers == ()
    settings = {
        "custom_attributes": "accept_eula=true",
        "extra_headers": {"X-Amzn-SageMaker-Session-Id": "s"},
    }
    assert composed(**settings).target.headers == (
        ("X-Amzn-SageMaker-Session-Id", "s"),
        (ATTRIBUTES, "accept_eula=true"),
    )


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"custom_attributes": "a\r\nb"}, ("custom_attributes",)),
        ({"custom_attributes": "é"}, ("custom_attributes",)),
        (
            {"custom_attributes": "a", "extra_headers": {ATTRIBUTES.lower(): "b"}},
            ("custom_attributes",),
        ),
        ({"extra_headers": {"X-Other": "a"}}, ("extra_headers", "X-Other")),
        ({"extra_headers": {ATTRIBUTES: "a\nb"}}, ("extra_headers", ATTRIBUTES)),
        ({"prompt": "a"}, ("prompt",)),
        ({"model_id": "a/b"}, ("model_id",)),
        ({"format": "tgj"}, ("format",)),
    ],
)
def test_what_can_not_work_names_its_setting(
    settings: dict[str, Any], path: tuple[str, ...]
) -> None:
    """A fault is told when a deployment is made, with the setting's name."""
    with pytest.raises(ConfigError) as caught:
        composed(**settings)
    assert caught.value.path == path


def test_embedding_settings_reach_the_codecs() -> None:
    """Key, pooling and batch size stand on the target."""
    target = composed(embedding_key="text_inputs", embedding_pooling="first", batch_size=4).target
    assert (target.embedding_key, target.embedding_pooling) == ("text_inputs", "first")
    assert target.batch_size == 4
    plain = composed().target
    assert (plain.embedding_key, plain.embedding_pooling) == ("inputs", "mean")
    assert plain.batch_size is None


@pytest.mark.parametrize(
    ("own", "everybodys", "expected"),
    [(None, False, False), (None, True, True), (False, True, False), (True, False, True)],
)
def test_a_deployments_own_word_wins(own: bool | None, everybodys: bool, expected: bool) -> None:
    """`drop_params` for all holds where a deployment does not say."""
    made = composed(drop_params=own, drop_all_params=everybodys)
    assert made.target.parameters.drop_unsupported is expected


def test_a_mock_needs_no_way_to_aws() -> None:
    """With `mock_response` nobody is asked for credentials or connections."""

    def way(_: AwsSettings) -> Invoker:
        raise AssertionError("the way to AWS was asked for")

    made = composed(mock_response="Always this.", stream_mode="real")
    assert isinstance(made.invoker(way), MockInvoker)
    assert made.stream_mode == "fake"
    assert made.format.embedding is None
    script = ScriptedInvoker()
    assert composed().invoker(lambda _: script) is script


def test_settings_hide_what_may_be_secret() -> None:
    """Neither keys nor defaults are in a setting's text; `plain` gives them to those who sign."""
    read = Settings.model_validate(
        {"aws_access_key_id": "AKID", "aws_secret_access_key": "hush", "own": "hush2"}
    )
    assert "hush" not in repr(read)
    assert read.plain()["aws_secret_access_key"] == "hush"
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"aws_session_token": " hush"})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("model", ["sagemaker/e", "sagemaker_chat/e", "sagemaker/openai/e"])
def test_a_template_holds_wherever_the_format_writes_prompts(model: str) -> None:
    """The format decides, whatever the route: a template is never left out in silence."""
    roles = {"user": {"pre_message": "<U>"}}
    made = composed(model, format="tgi", roles=roles)
    assert made.writes_prompts
    assert made.target.prompt is not None
    assert made.target.prompt.render([{"role": "user", "content": "Hi"}]) == "<U>Hi"


@pytest.mark.parametrize(
    ("model", "settings"),
    [("sagemaker_chat/e", {}), ("sagemaker/e", {"format": "messages"}), ("sagemaker_nova/e", {})],
)
def test_openais_servers_write_their_own_prompts(model: str, settings: dict[str, Any]) -> None:
    """A container that takes messages is given messages, under every route."""
    made = composed(model, final_prompt_value="#", **settings)
    assert not made.writes_prompts
    assert made.target.prompt is None
