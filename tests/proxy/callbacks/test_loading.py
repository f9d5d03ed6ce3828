"""Which callbacks a configuration has, and why it can't be used with some."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.errors import ConfigError
from proxy.callbacks.loading import callbacks, faults
from proxy.config.load import load_values
from proxy.config.problems import ConfigProblems
from proxy.config.schema import LitellmSettings
from proxy.start import Source
from tests.proxy.callbacks.heard import EAR, listening, loaded


def settings(**lists: object) -> LitellmSettings:
    return LitellmSettings.model_validate(lists)


def test_a_module_beside_the_configuration(tmp_path: Path) -> None:
    """A file of the folder is loaded once, and again only when it was changed."""
    ear = listening(tmp_path)
    assert loaded(tmp_path, "ears.ear") is ear
    file = tmp_path / "ears.py"
    file.write_text(EAR + "ear.changed = True\n")
    os.utime(file, ns=(1, 1))
    assert loaded(tmp_path, "ears.ear").changed


def test_a_module_in_a_folder_of_the_folder(tmp_path: Path) -> None:
    """Dots are folders."""
    (tmp_path / "mine").mkdir()
    listening(tmp_path / "mine")
    assert loaded(tmp_path, "mine.ears.ear").heard.empty()


def test_a_module_of_the_path() -> None:
    """What is no file there is looked for as any module is; the same without a folder."""
    with pytest.raises(ConfigError, match="has none of the methods pre_call"):
        loaded(None, "json.decoder.NaN")


def test_built_in_names_are_nobodys_module() -> None:
    """`prometheus` and `otel` are not loaded from anywhere."""
    assert callbacks(settings(callbacks=["prometheus", "otel"]), None) == ()


def test_each_list_calls_what_it_is_for(tmp_path: Path) -> None:
    """A callback of several lists is one, with all that these are for."""
    listening(tmp_path)
    one = settings(success_callback="ears.ear")
    assert callbacks(one, tmp_path)[0].hooks == {"success"}
    two = settings(success_callback=["ears.ear"], failure_callback=["ears.ear"])
    (both,) = callbacks(two, tmp_path)
    assert both.hooks == {"success", "failure"}
    (every,) = callbacks(settings(callbacks=["ears.ear"]), tmp_path)
    assert every.hooks == {"pre_call", "stream_end", "success", "failure"}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ear = object()", "has none of the methods"),
        ("class ear:\n  def success(self, record): ...", "is a class: name an instance"),
        ("class E:\n  def async_pre_call_hook(self): ...\near = E()", "LiteLLM's methods"),
        ("class E:\n  def success(self, record): ...\near = E()", "of the methods failure"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("raise ValueError('no licence')", "ValueError: no licence"),
        ("other = 1", "AttributeError"),
    ],
)
def test_what_can_not_be_called_is_told_at_the_start(tmp_path: Path, code: str, said: str) -> None:
    """The error names the callback, its place and the reason."""
    (tmp_path / "ears.py").write_text(code)
    (fault,) = faults(settings(failure_callback=["ears.ear"]), tmp_path)
    assert fault.path == ("litellm_settings", "failure_callback", 0)
    assert "ears.ear" in fault.message
    assert said in fault.message


@pytest.mark.parametrize(
    "name", ["promtheus", "audit", "a b.c", "x.", "detect_prompt_injection", ["otel"], {"a": "b"}]
)
def test_names_that_are_none(name: object) -> None:
    """What is neither built in nor `module.attr` is refused: a guard left out would open a door."""
    values = {
        "model_list": [{"model_name": "m", "litellm_params": {"model": "sagemaker/e"}}],
        "litellm_settings": {"callbacks": [name]},
    }
    with pytest.raises(ConfigProblems, match=r"litellm_settings\.callbacks"):
        load_values(values, "test")


def test_a_command_tells_the_line(tmp_path: Path) -> None:
    """Whoever starts a gateway reads where the callback stands that can't be loaded."""
    path = tmp_path / "config.yaml"
    path.write_text(
        "model_list: [{model_name: m, litellm_params: {model: sagemaker/e}}]\n"
        "litellm_settings:\n  callbacks:\n    - missing.audit\n"
    )
    environ = {"AWS_REGION": "eu-west-1"}
    with pytest.raises(ConfigProblems, match=r"config.yaml:4:.*can't load callback") as caught:
        Source(config=str(path)).load(environ)
    assert "ModuleNotFoundError" in str(caught.value)


def test_litellms_recorders_are_named_and_left_out() -> None:
    """A logging service of LiteLLM's costs no start: one line says that it is not there."""
    values = {
        "model_list": [{"model_name": "m", "litellm_params": {"model": "sagemaker/e"}}],
        "litellm_settings": {"success_callback": ["langfuse", "prometheus"], "callbacks": "otel"},
    }
    found = load_values(values, "test")
    assert found.config.litellm_settings.success_callback == ("prometheus",)
    assert found.config.litellm_settings.callbacks == ("otel",)
    (notice,) = found.notices
    assert "langfuse" in notice
