"""Which prompt a deployment's messages become: its own template, a known family's, or none.

Reads template files, once, at start; nothing is ever fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from adapters.base import Adjustable, Prompt
from adapters.deployment.settings import Settings
from adapters.errors import ConfigError, InvalidRequest
from adapters.openai.parameters import SWITCHES
from adapters.prompts.custom import custom_prompt
from adapters.prompts.families import family_for

_CUSTOM_KEYS = ("roles", "initial_prompt_value", "final_prompt_value")
_JINJA_MARKS = ("{%", "{{")
_TOKENIZER_FILE = "tokenizer_config.json"
#: Where newer models keep their template, beside the tokenizer's description.
_TEMPLATE_FILE = "chat_template.jinja"


def prompt_for(settings: Settings, endpoint: str) -> Prompt | None:
    """Choose a deployment's prompt.

    The order: LiteLLM's `roles` and its two companions, `custom_prompt_dict` for the model's
    name, `chat_template`, the family of `hf_model_name`, else of the endpoint's name.

    Returns:
        None where nothing is known: what the messages say is joined with newlines.

    Raises:
        ConfigError: a template can't be read; `path` is its key.
    """
    own = {key: getattr(settings, key) for key in _CUSTOM_KEYS}
    if any(value is not None for value in own.values()):
        return custom_prompt(**own)
    listed = settings.custom_prompt_dict.get(settings.hf_model_name or "")
    if listed is not None:
        return custom_prompt(**{key: listed.get(key) for key in _CUSTOM_KEYS})
    if settings.chat_template is not None:
        return _jinja(settings, settings.chat_template)
    return family_for(settings.hf_model_name or endpoint, add_bos=settings.add_bos)


def _jinja(settings: Settings, template: str) -> Prompt:
    """Compile a template, and check the switches that its requests get by default."""
    try:
        prompt = _compiled(settings, template)
    except ConfigError as error:
        raise ConfigError(error.message, path=("chat_template",)) from error
    switches = settings.defaults.get(SWITCHES)
    try:
        if isinstance(switches, Mapping) and isinstance(prompt, Adjustable):
            prompt.adjusted(switches)
    except InvalidRequest as error:
        raise ConfigError(error.message, path=(SWITCHES,)) from error
    return prompt


def _compiled(settings: Settings, template: str) -> Prompt:
    """Compile a template: its text, a file of it, or a model's `tokenizer_config.json`."""
    # Lazy: Jinja is loaded only where a template wants it.
    from adapters.prompts.jinja import (  # noqa: PLC0415 - see above
        ChatTemplate,
        from_tokenizer_config,
    )

    is_text = any(mark in template for mark in _JINJA_MARKS)
    text = template if is_text else _read(template)
    if not is_text and template.endswith(".json"):
        config = _with_file_beside(_parse(text), Path(template))
        return from_tokenizer_config(config, add_bos=settings.add_bos, clock=_now)
    return ChatTemplate(
        text,
        bos_token=(settings.bos_token or "") if settings.add_bos else "",
        eos_token=settings.eos_token or "",
        clock=_now,
    )


def _with_file_beside(config: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Put the template's own file into its tokenizer's description; it wins, as in transformers."""
    file = path.with_name(_TEMPLATE_FILE)
    if path.name != _TOKENIZER_FILE or not file.exists():
        return config
    return {**config, "chat_template": _read(file)}


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(
            "expected a Jinja template, or the path of a file that can be read",
            path=("chat_template",),
        ) from error


def _parse(text: str) -> Mapping[str, Any]:
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"is not JSON: {error}", path=("chat_template",)) from error
    if not isinstance(parsed, dict):
        raise ConfigError("expected a tokenizer_config.json", path=("chat_template",))
    return parsed


def _now() -> datetime:
    return datetime.now(UTC)
