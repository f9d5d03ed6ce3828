"""Which prompt a deployment's messages become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.base import Json
from adapters.errors import ConfigError
from proxy import deployments
from proxy.config.schema import ProxyConfig
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import TEXT, config, entry, served

HELLO: list[Json] = [{"role": "user", "content": "Hi"}]
JINJA = (
    "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}"
)
CUSTOM = {
    "initial_prompt_value": "\n",
    "roles": {"user": {"pre_message": "<|user|>", "post_message": "|"}},
    "final_prompt_value": ">",
}


def one(model: str = "sagemaker/e", **params: Any) -> ProxyConfig:
    return config(model_list=[entry("text", model, **params)])


def written(settings: ProxyConfig) -> str | None:
    """Give the text that the only deployment makes of a greeting, or None for the plain layout."""
    (deployment,) = deployments.deployments(settings, {"AWS_REGION": "eu-west-1"})
    prompt = deployment.target.prompt
    return None if prompt is None else prompt.render(HELLO)


def test_the_nearest_template_wins() -> None:
    """The order: roles, the dictionary by name, chat_template, the family of the name, none."""
    listed = {"org/m": {"final_prompt_value": "#"}}
    family = {"hf_model_name": "HuggingFaceH4/zephyr-7b-beta"}
    everything: dict[str, Any] = {**CUSTOM, **family, "chat_template": JINJA}
    assert written(one(**everything)) == "\n<|user|>Hi|>"
    assert written(one(custom_prompt_dict=listed, hf_model_name="org/m")) == "Hi#"
    assert written(one(chat_template=JINJA, bos_token="<s>", **family)) == "<s>[user]Hi"
    zephyr = "<|user|>\nHi</s>\n<|assistant|>\n"
    assert written(one(**family)) == zephyr
    assert written(one("sagemaker/my-zephyr-endpoint")) == zephyr
    assert written(one()) is None
    assert written(one("sagemaker_chat/my-zephyr-endpoint")) is None


def test_templates_are_read_from_local_files(tmp_path: Path) -> None:
    """A Jinja file and a tokenizer_config.json give what their text gives; add_bos is obeyed."""
    jinja = tmp_path / "chat.jinja"
    jinja.write_text(JINJA)
    tokens = tmp_path / "tokenizer_config.json"
    described = {"chat_template": JINJA, "bos_token": {"content": "<b>"}, "eos_token": "<e>"}
    tokens.write_bytes(orjson.dumps(described))
    assert written(one(chat_template=str(jinja), eos_token="!")) == "[user]Hi!"
    assert written(one(chat_template=str(tokens))) == "<b>[user]Hi<e>"
    assert written(one(chat_template=str(tokens), add_bos=False)) == "[user]Hi<e>"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.jinja", None),
        ("tokenizer_config.json", "not json"),
        ("tokenizer_config.json", "[]"),
        ("tokenizer_config.json", "{}"),
        ("broken.jinja", "{% for %}"),
    ],
)
def test_a_template_that_can_not_be_used_is_an_error_at_start(
    tmp_path: Path, name: str, content: str | None
) -> None:
    """No request ever meets a broken template: the start refuses it, naming the key."""
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    (fault,) = deployments.faults(one(chat_template=str(path)), {})
    assert isinstance(fault, ConfigError)
    assert fault.path[-1] == "chat_template"


async def test_the_container_sees_the_templates_text() -> None:
    """The container gets the model's own layout; template marks inside messages stay text."""
    script = ScriptedInvoker(replies=[[{"generated_text": "x"}]])
    settings = one(hf_model_name="meta-llama/Meta-Llama-3-8B-Instruct")
    async with served(script, settings) as client:
        messages = [{"role": "user", "content": "{{ 7*7 }}"}]
        await client.post("/chat/completions", json={**TEXT, "messages": messages})
    inputs = script.bodies[0]["inputs"]
    assert inputs.startswith("<|begin_of_text|>")
    assert "{{ 7*7 }}" in inputs
    assert inputs.endswith("<|start_header_id|>assistant<|end_header_id|>\n\n")
