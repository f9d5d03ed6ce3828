"""Configuration files of every shape: a valid configuration, or lines that name their place."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.errors import ConfigError
from proxy import deployments
from proxy.config.compat import UNSUPPORTED, UNUSED
from proxy.config.deployment import DeploymentParams
from proxy.config.load import Loaded, load_config
from proxy.config.problems import ConfigProblems
from proxy.config.router import RouterSettings
from proxy.config.schema import GeneralSettings, LitellmSettings
from tests.fuzz.cutting import DAMAGES, damaged
from tests.fuzz.effort import searching
from tests.fuzz.values import ANYTHING

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.yaml").read_bytes()
ENVIRON = {"SET": "value", "AWS_REGION": "eu-west-1"}
SECTIONS = {
    "general_settings": {*GeneralSettings.model_fields, *UNUSED["general_settings"]},
    "litellm_settings": {*LitellmSettings.model_fields, *UNSUPPORTED["litellm_settings"]},
    "router_settings": {*RouterSettings.model_fields, *UNUSED["router_settings"]},
}
PARAMS = sorted({*DeploymentParams.model_fields, "temperature", "aws_region", "top_k"})
VALUES = ANYTHING | st.sampled_from(
    [
        "os.environ/SET",
        "os.environ/UNSET",
        "os.environ/",
        "sagemaker/e",
        "sagemaker_chat/e/c",
        "sagemaker/*",
        "*",
        "http://localhost:1",
        "https://[::1",
        "https://runtime.sagemaker.eu-west-1.amazonaws.com/x",
        "arn:aws:iam::111122223333:role/r",
        "arn:",
        "oidc/file/x",
        "1h",
        ["a"],
        [{"a": ["b"]}],
        {"a": "b"},
        [["10.0.0.0/33"]],
    ]
)
CONFIGURATIONS = st.fixed_dictionaries(
    {
        "model_list": st.lists(
            st.fixed_dictionaries(
                {
                    "model_name": st.sampled_from(["m", "n", "a/*", ""]) | VALUES,
                    "litellm_params": st.fixed_dictionaries(
                        {"model": st.sampled_from(["sagemaker/e", "sagemaker_chat/*"]) | VALUES}
                    ).flatmap(
                        lambda given: st.dictionaries(
                            st.sampled_from(PARAMS), VALUES, max_size=3
                        ).map(lambda more: {**more, **given})
                    ),
                },
                optional={"model_info": VALUES, "x": VALUES},
            )
            | VALUES,
            max_size=2,
        )
    },
    optional={
        **{
            name: st.dictionaries(st.sampled_from(sorted(keys)), VALUES, max_size=3) | VALUES
            for name, keys in SECTIONS.items()
        },
        "include": VALUES,
        "keys": VALUES,
        "credential_list": VALUES,
        "environment_variables": VALUES,
        "x": VALUES,
    },
)
#: YAML's own marks, and scalars that are read in odd ways.
YAML = (
    *("model_list:", "\n", "  ", "- ", "{", "}", "[", "]", "&a ", "*a", "<<: ", "!!python/x "),
    *("? ", "|\n", ">\n", "'", '"', "#", "%YAML 9\n", "---\n", "...\n", "a: ", "\t", "é"),
    *("!!binary x", "2001-13-99", "1e999", "0o9", "0x", ".nan", "~", "=", "1:60:60"),
)
_PARAM = st.sampled_from(PARAMS)
_LINE = re.compile(r"\S.*(:\d+:\d+)?: .+", re.DOTALL)


def loaded(path: Path, text: bytes, *, lenient: bool) -> Loaded | None:
    """Load a text; None where it is refused, with lines that name a place."""
    path.write_bytes(text)
    lines: tuple[str, ...] = ()
    found = None
    try:
        found = load_config(path, ENVIRON, lenient=lenient)
    except ConfigProblems as problems:
        lines = problems.lines
    assert (found is None) == bool(lines)
    for line in lines:
        assert line.startswith(str(path.parent)), line
        assert _LINE.fullmatch(line), line
        assert "Traceback" not in line
    return found


def built(found: Loaded) -> None:
    """What a start would do next: everything is made, or refused at its place."""
    try:
        list(deployments.deployments(found.config, ENVIRON))
        list(deployments.wildcards(found.config, ENVIRON))
    except ConfigError as error:
        lines = found.located([error]).lines
    else:
        return
    assert all(_LINE.fullmatch(line) for line in lines)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the file is."""
    return tmp_path_factory.mktemp("fuzz") / "config.yaml"


@given(values=CONFIGURATIONS, lenient=st.booleans())
@searching(300)
def test_any_values_of_known_keys(path: Path, values: dict[str, Any], lenient: bool) -> None:
    """Whatever stands where a value is expected, the loader has words for it, and its place."""
    text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False).encode()

    found = loaded(path, text, lenient=lenient)
    if found is not None:
        built(found)


@st.composite
def nearly_valid(draw: st.DrawFn) -> dict[str, Any]:
    """A configuration with one or two values that may be wrong."""
    params = {"model": "sagemaker/e", **draw(st.dictionaries(_PARAM, VALUES, max_size=2))}
    values: dict[str, Any] = {"model_list": [{"model_name": "m", "litellm_params": params}]}
    for name in draw(st.lists(st.sampled_from(sorted(SECTIONS)), max_size=1)):
        values[name] = {draw(st.sampled_from(sorted(SECTIONS[name]))): draw(VALUES)}
    return values


@given(nearly_valid())
@searching(400)
def test_one_value_that_may_be_wrong(path: Path, values: dict[str, Any]) -> None:
    """One value decides: it is refused in words, or the configuration can be served."""
    text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False).encode()

    found = loaded(path, text, lenient=False)
    if found is not None:
        built(found)


@given(damages=DAMAGES, lenient=st.booleans())
@example(damages=[("end", 900, b"x")], lenient=False)
@searching(60)
def test_a_damaged_file(path: Path, damages: list[tuple[str, int, bytes]], lenient: bool) -> None:
    """A file with bytes missing, doubled or changed is refused in lines, or still valid."""
    at_random = [(kind, place * 7919, data) for kind, place, data in damages]

    loaded(path, damaged(EXAMPLE, at_random), lenient=lenient)


@given(
    st.lists(
        st.sampled_from(YAML),
        max_size=14,
    ).map("".join)
    | st.text(max_size=30)
)
@searching(300)
def test_any_text(path: Path, text: str) -> None:
    """YAML's own corners, and what is no YAML at all."""
    loaded(path, text.encode("utf-8", "surrogatepass"), lenient=False)
