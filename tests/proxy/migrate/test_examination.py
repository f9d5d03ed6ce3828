"""What `sagegate migrate` says of LiteLLM's files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from proxy.config.compat import UNSUPPORTED, UNUSED
from proxy.config.problems import ConfigProblems
from proxy.migrate.command import migrate
from proxy.migrate.differences import DIFFERENCES
from proxy.migrate.examination import Examination, examined

CHAT = """\
model_list:
  - model_name: llama
    litellm_params:
      model: sagemaker_chat/llama
      aws_region_name: us-east-1
"""


def said(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> Examination:
    """Examine a file of this text."""
    file = tmp_path / "litellm.yaml"
    file.write_text(text)
    return examined(file, environ or {})


def kinds(found: Examination) -> dict[str, str]:
    """Give the verdicts by key."""
    return {each.key: each.kind for each in found.verdicts}


def test_every_key_has_a_verdict_at_its_place(tmp_path: Path) -> None:
    """Honoured, different, unused and refused keys are told, each with its line and a reason."""
    found = said(
        tmp_path,
        CHAT + "      rpm: 10\n      temperature: 0.5\n      timout: 3\n"
        "litellm_settings:\n  drop_params: true\n  guardrails: [x]\n"
        "general_settings:\n  alerting: [slack]\n",
    )
    params = "model_list[].litellm_params."
    assert kinds(found) == {
        "model_list[].model_name": "honoured",
        f"{params}model": "honoured",
        f"{params}aws_region_name": "honoured",
        f"{params}rpm": "different",
        f"{params}temperature": "honoured",
        f"{params}timout": "refused",
        "litellm_settings.drop_params": "honoured",
        "litellm_settings.guardrails": "refused",
        "general_settings.alerting": "not used",
    }
    assert not found.starts
    where = {each.key: each.where for each in found.verdicts}
    assert where[f"{params}timout"] == (f"{tmp_path}/litellm.yaml:8",)
    assert all(each.note for each in found.verdicts if each.kind != "honoured")


def test_a_file_with_nothing_to_refuse_starts(tmp_path: Path) -> None:
    """What is only different, or not used, stops nobody."""
    found = said(tmp_path, CHAT + "      rpm: 10\ngeneral_settings:\n  alerting: [slack]\n")
    assert found.starts


def test_other_providers_models_are_told_once_and_not_judged(tmp_path: Path) -> None:
    """Their own keys, which sagegate refuses, would only be noise."""
    found = said(
        tmp_path,
        CHAT + "  - model_name: gpt\n    litellm_params: {model: azure/gpt, api_key: secret}\n"
        "  - model_name: gpt\n    litellm_params: {model: gpt-4o, custom_llm_provider: openai}\n",
    )
    foreign = [each for each in found.verdicts if each.kind == "refused"]
    assert [(each.key, len(each.where)) for each in foreign] == [("model_list[]", 2)]
    assert "secret" not in json.dumps(found.document())


def test_a_route_that_is_nearly_right_is_not_another_providers(tmp_path: Path) -> None:
    """Its own error tells the right name."""
    found = said(tmp_path, CHAT.replace("sagemaker_chat/", "sagemaker-chat/"))
    notes = [each.note for each in found.verdicts if each.kind == "refused"]
    assert len(notes) == 1
    assert "did you mean sagemaker_chat/" in notes[0]


def test_unset_variables_are_told_and_refuse_nothing(tmp_path: Path) -> None:
    """The file may be examined where the secrets are not; a required key counts as there."""
    keys = "keys:\n  - key: os.environ/A_KEY\n    alias: a\n"
    found = said(tmp_path, CHAT + keys)
    assert kinds(found)["keys[].key"] == "unset"
    assert found.starts
    assert kinds(said(tmp_path, CHAT + keys, {"A_KEY": "k" * 20}))["keys[].key"] == "honoured"


def test_what_only_the_whole_file_shows_is_told_beside_the_keys(tmp_path: Path) -> None:
    """A format that does not exist is found once each key by itself is good."""
    found = said(tmp_path, CHAT + "      format: no-such-format\n")
    assert not found.starts
    assert found.problems
    assert "no-such-format" in found.problems[0] or "format" in found.problems[0]


def test_missing_keys_and_values_out_of_range_are_refused(tmp_path: Path) -> None:
    """As a start would refuse them."""
    found = said(tmp_path, CHAT + "router_settings:\n  num_retries: many\n  allowed_fails: -1\n")
    verdicts = kinds(found)
    assert verdicts["router_settings.num_retries"] == "refused"
    assert verdicts["router_settings.allowed_fails"] == "refused"
    nothing = said(tmp_path, "litellm_settings:\n  drop_params: true\n")
    assert kinds(nothing)["model_list"] == "refused"


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """There is nothing to tell key by key."""
    with pytest.raises(ConfigProblems, match="no such file"):
        examined(tmp_path / "none.yaml", {})


def test_differences_are_of_keys_that_are_honoured() -> None:
    """A key that is not used or refused has its reason elsewhere."""
    for section, keys in DIFFERENCES.items():
        schema = "litellm_params" if section == "default_litellm_params" else section
        assert not keys.keys() & {*UNUSED[schema], *UNSUPPORTED[schema]}


def test_the_command_prints_what_matters_and_its_exit_code_tells_the_rest(tmp_path: Path) -> None:
    """Honoured keys are counted, and told on demand; --json has everything."""
    file = tmp_path / "litellm.yaml"
    file.write_text(CHAT + "      rpm: 10\n")
    short = CliRunner().invoke(migrate, ["--config", str(file)])
    assert short.exit_code == 0
    assert "different" in short.output
    assert "aws_region_name" not in short.output
    assert "4 keys: 3 honoured, 1 different\nsagegate starts with this file.\n" in short.output
    long = CliRunner().invoke(migrate, ["--config", str(file), "--all"])
    assert "aws_region_name" in long.output
    document = json.loads(CliRunner().invoke(migrate, ["-c", str(file), "--json"]).output)
    assert document["starts"] is True
    assert len(document["keys"]) == 4
    file.write_text(CHAT + "guardrails: [x]\n")
    assert CliRunner().invoke(migrate, ["--config", str(file)]).exit_code == 1
    gone = CliRunner().invoke(migrate, ["--config", str(tmp_path / "none.yaml")])
    assert gone.exit_code == 1
    assert "no such file" in gone.output
