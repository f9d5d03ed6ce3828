"""Which prompt a deployment's messages become."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.base import Json
from adapters.errors import ConfigError
from tests.adapters.deployment.composing import composed

HELLO: list[Json] = [{"role": "user", "content": "Hi"}]
JINJA = (
    "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}"
)
CUSTOM = {
    "initial_prompt_value": "\n",
    "roles": {"user": {"pre_message": "<|user|>", "post_message": "|"}},
    "final_prompt_value": ">",
}


def written(model: str = "sagemaker/e", **settings: Any) -> str | None:
    """Give the text that a deployment makes of a greeting, or None for the plain layout."""
    prompt = composed(model, **settings).target.prompt
    return None if prompt is None else prompt.render(HELLO)


def test_the_nearest_template_wins() -> None:
    """The order: roles, the dictionary by name, chat_template, the family of the name, none."""
    listed = {"org/m": {"final_prompt_value": "#"}}
    family = {"hf_model_name": "HuggingFaceH4/zephyr-7b-beta"}
    everything: dict[str, Any] = {**CUSTOM, **family, "chat_template": JINJA}
    assert written(**everything) == "\n<|user|>Hi|>"
    assert written(custom_prompt_dict=listed, hf_model_name="org/m") == "Hi#"
    assert written(chat_template=JINJA, bos_token="<s>", **family) == "<s>[user]Hi"
    zephyr = "<|user|>\nHi</s>\n<|assistant|>\n"
    assert written(**family) == zephyr
    assert written("sagemaker/my-zephyr-endpoint") == zephyr
    assert written() is None
    assert written("sagemaker_chat/my-zephyr-endpoint") is None


def test_templates_are_read_from_local_files(tmp_path: Path) -> None:
    """A Jinja file and a tokenizer_config.json give what their text gives; add_bos is obeyed."""
    jinja = tmp_path / "chat.jinja"
    jinja.write_text(JINJA)
    tokens = tmp_path / "tokenizer_config.json"
    described = {"chat_template": JINJA, "bos_token": {"content": "<b>"}, "eos_token": "<e>"}
    tokens.write_bytes(orjson.dumps(described))
    assert written(chat_template=str(jinja), eos_token="!") == "[user]Hi!"
    assert written(chat_template=str(tokens)) == "<b>[user]Hi<e>"
    assert written(chat_template=str(tokens), add_bos=False) == "[user]Hi<e>"


def test_a_tokenizers_template_may_be_a_file_beside_it(tmp_path: Path) -> None:
    """As in transformers: `chat_template.jinja` beside the description is the template, and wins.

    A description by another name stands for itself.
    """
    tokens, other = tmp_path / "tokenizer_config.json", tmp_path / "other.json"
    tokens.write_bytes(orjson.dumps({"bos_token": "<b>", "eos_token": "<e>"}))
    other.write_bytes(orjson.dumps({"chat_template": "own"}))
    (tmp_path / "chat_template.jinja").write_text(JINJA)
    assert written(chat_template=str(tokens)) == "<b>[user]Hi<e>"
    tokens.write_bytes(orjson.dumps({"chat_template": "older", "bos_token": "<b>"}))
    assert written(chat_template=str(tokens)) == "<b>[user]Hi"
    assert written(chat_template=str(other)) == "own"


@pytest.mark.parametrize("switches", [{"messages": "x"}, {"a": [1]}, "x"])
def test_default_switches_are_checked_at_start(switches: Any) -> None:
    """No request ever fails by a default that no template may have."""
    with pytest.raises(ConfigError) as caught:
        composed(chat_template=JINJA, chat_template_kwargs=switches)
    assert caught.value.path == ("chat_template_kwargs",)


def test_default_switches_are_the_targets() -> None:
    """They lie under each chat, for `parameters.effective` to merge."""
    switches = {"enable_thinking": False}
    target = composed(chat_template=JINJA, chat_template_kwargs=switches).target
    assert target.defaults["chat_template_kwargs"] == switches


def test_a_template_may_say_todays_date() -> None:
    """Templates of today's models write the date: theirs is the clock's, in UTC."""
    before = datetime.now(UTC)
    said = written(chat_template="{{ strftime_now('%Y-%m-%d') }}")
    assert said in {f"{day:%Y-%m-%d}" for day in (before, datetime.now(UTC))}


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
    with pytest.raises(ConfigError) as caught:
        composed(chat_template=str(path))
    assert caught.value.path == ("chat_template",)
