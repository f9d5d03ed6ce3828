"""What the schema says about values: exact place, key and words."""

from __future__ import annotations

import pytest
from pydantic_core import ErrorDetails

from adapters.deployment.wording import plain_words
from tests.proxy.config.workbench import MODEL, Workbench

MAPPING = "expected a mapping of keys to values"
ADDRESS = (
    "expected sagemaker/<endpoint-name>, sagemaker_chat/<endpoint-name>, "
    "sagemaker_nova/<endpoint-name> or sagemaker/openai/<endpoint-name>"
)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("timeout: soon", "expected a number"),
        ("timeout: []", "expected a number"),
        ("timeout: 0", "must be greater than 0"),
        ("stream_timeout: -1", "must be greater than 0"),
        (
            "cold_start_wait: soon",
            "expected a number of seconds, or a number with s, m or h behind it",
        ),
        ("cold_start_wait: -1", "must be at least 0"),
        ("cold_start_max_waiters: 0", "must be greater than 0"),
        ("cold_start_probe_interval: 0", "must be greater than 0"),
        ("drop_params: perhaps", "expected true or false"),
        ("drop_params: {}", "expected true or false"),
        ("stream_mode: rael", "expected one of auto, real, fake (did you mean real?)"),
        ("stream_mode: 7", "expected one of auto, real, fake"),
        ("allowed_openai_params: user", "expected a list"),
        ("extra_body: 1", "expected a mapping of keys to values"),
        ("model_id: 12", "expected a text: put it in quotes"),
        ("hf_model_name: [a]", "expected a text"),
        ("hf_model_name: ' '", "must not be empty"),
        ("batch_size: 0", "must be greater than 0"),
        (
            "embedding_key: input",
            "expected one of inputs, text_inputs, sentences, instances (did you mean inputs?)",
        ),
        ("embedding_pooling: max", "expected one of mean, first"),
        ("aws_access_key_id: ''", "must not be empty"),
        ("aws_session_token: 'a '", "must not begin or end with white space"),
        ("api_base: localhost", "expected an http:// or https:// URL"),
        ("api_base: 127.0.0.1:8080", "expected an http:// or https:// URL"),
        ("api_base: runtime.local/x", "expected an http:// or https:// URL"),
        ("api_base: ftp://host", "expected an http:// or https:// URL"),
        ("api_base: 'http://[::1'", "expected an http:// or https:// URL"),
        ("api_base: http://host:x", "expected an http:// or https:// URL"),
        ("base_url: https://user:word@host", "a URL must not carry a user name or password"),
        ("base_url: https://host/?a=b", "a base URL has neither a query nor a fragment"),
        (
            "custom_llm_provider: sagemaker-chat",
            (
                "expected one of sagemaker, sagemaker_chat, sagemaker_nova "
                "(did you mean sagemaker_chat?)"
            ),
        ),
    ],
)
def test_a_wrong_setting_is_told_at_its_key(bench: Workbench, setting: str, words: str) -> None:
    """A deployment's wrong value gives one line: file, line, column, key, what was expected."""
    key = setting.partition(":")[0]
    expected = f"config.yaml:5:7: model_list[0].litellm_params.{key}: {words}"
    assert bench.problems(f"{MODEL}      {setting}\n") == [expected]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("openai/gpt", ADDRESS),
        ("my-endpoint", ADDRESS),
        ("sagemaker/", ADDRESS),
        ("sagemaker/openai/", ADDRESS),
        ("sagemaker_nova/", ADDRESS),
        (
            "sagemaker-chat/e",
            f"sagemaker-chat/ is not a route; {ADDRESS} (did you mean sagemaker_chat/?)",
        ),
        (
            "sagemaker-nova/e",
            f"sagemaker-nova/ is not a route; {ADDRESS} (did you mean sagemaker_nova/?)",
        ),
    ],
)
def test_a_model_that_is_no_endpoint_names_the_prefixes(
    bench: Workbench, model: str, words: str
) -> None:
    """Every model string that can't be served says which can, and never repeats a foreign one."""
    text = MODEL.replace("sagemaker/e", f'"{model}"')
    assert bench.problems(text) == [f"config.yaml:4:7: model_list[0].litellm_params.model: {words}"]


@pytest.mark.parametrize(
    ("model", "provider", "address"),
    [
        ("my-endpoint", "sagemaker_chat", ("sagemaker_chat", "my-endpoint")),
        ("sagemaker/my-endpoint", "sagemaker", ("sagemaker", "my-endpoint")),
        ("my-endpoint", "sagemaker_nova", ("sagemaker_nova", "my-endpoint")),
        ("openai/my-endpoint", "sagemaker", ("sagemaker/openai", "my-endpoint")),
    ],
)
def test_the_provider_may_stand_apart(
    bench: Workbench, model: str, provider: str, address: tuple[str, str]
) -> None:
    """`custom_llm_provider` gives the route to a bare name, and may repeat a prefix."""
    text = MODEL.replace("sagemaker/e", model) + f"      custom_llm_provider: {provider}\n"
    params = bench.load(text).config.model_list[0].litellm_params
    assert params.address[:2] == address


def test_two_different_routes_are_refused(bench: Workbench) -> None:
    """A prefix and a provider that disagree are a problem of the model."""
    text = MODEL + "      custom_llm_provider: sagemaker_chat\n"
    assert bench.problems(text) == [
        (
            "config.yaml:4:7: model_list[0].litellm_params.model: "
            "begins with sagemaker/ but custom_llm_provider is sagemaker_chat"
        )
    ]


def test_two_names_of_one_url_are_refused(bench: Workbench) -> None:
    """`api_base`, `base_url` and `sagemaker_base_url` are one setting; each works alone."""
    both = MODEL + "      api_base: http://a\n      base_url: http://b\n"
    assert bench.problems(both) == [
        (
            "config.yaml:3:5: model_list[0].litellm_params: "
            "api_base and base_url are the same setting: keep one of them"
        )
    ]
    for key in ("sagemaker_base_url", "api_base", "base_url"):
        params = bench.load(f"{MODEL}      {key}: http://a:1/b\n").config.model_list[0]
        assert params.litellm_params.endpoint_url == "http://a:1/b"


@pytest.mark.parametrize(
    "host", ["vpce-1.runtime.sagemaker.us-east-1.vpce.amazonaws.com", "a.bc:1"]
)
def test_a_bare_host_is_meant_as_https(bench: Workbench, host: str) -> None:
    """A VPC endpoint's name can be copied from AWS's console as it is."""
    params = bench.load(f"{MODEL}      sagemaker_base_url: {host}\n").config.model_list[0]
    assert params.litellm_params.endpoint_url == f"https://{host}"


@pytest.mark.parametrize(
    ("section", "setting", "words"),
    [
        ("general_settings", "master_key: 123456789012", "expected a text: put it in quotes"),
        ("general_settings", "public_routes: [metrics]", 'expected a path that begins with "/"'),
        (
            "general_settings",
            "public_routes: [/a/*]",
            'expected an exact path: "*" is not supported',
        ),
        (
            "general_settings",
            "allowed_origins: [chat]",
            'expected "*" or an origin such as https://chat.example.com',
        ),
        (
            "general_settings",
            "litellm_key_header_name: 'X Key'",
            "expected the name of an HTTP header, such as X-Gateway-Key",
        ),
        ("general_settings", "max_request_size_mb: .1e", "expected a number"),
        ("litellm_settings", "request_timeout: 0", "must be greater than 0"),
        ("router_settings", "timeout: never", "expected a number"),
    ],
)
def test_a_wrong_value_of_a_section_is_told(
    bench: Workbench, section: str, setting: str, words: str
) -> None:
    """The other sections' values are told like a deployment's."""
    (line,) = bench.problems(f"{MODEL}{section}:\n  {setting}\n")
    assert line.startswith("config.yaml:6:")
    assert line.endswith(words)
    assert f"{section}.{setting.partition(':')[0]}" in line


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("model_list: []\n", ["config.yaml:1:1: model_list: needs at least one entry"]),
        ("general_settings: {}\n", ["config.yaml: model_list: is required"]),
        ("model_list: {}\n", ["config.yaml:1:1: model_list: expected a list"]),
        (
            "model_list: [1]\n",
            ["config.yaml:1:14: model_list[0]: " + MAPPING],
        ),
        (
            "model_list:\n  - model_name: m\n",
            ["config.yaml:2:5: model_list[0].litellm_params: is required"],
        ),
        (
            "model_list:\n  - model_name: 'sm/*'\n    litellm_params: {top_k: 1}\n",
            [
                "config.yaml:3:5: model_list[0].litellm_params.model: is required",
            ],
        ),
        (
            MODEL + "general_settings: on\n",
            ["config.yaml:5:1: general_settings: " + MAPPING],
        ),
        (MODEL + "include: 1\n", ["config.yaml:5:1: include: expected a list"]),
    ],
)
def test_the_frame_is_checked(bench: Workbench, text: str, lines: list[str]) -> None:
    """A missing or wrong piece of the frame is told at its nearest written parent."""
    assert bench.problems(text) == lines


def test_all_problems_are_told_at_once_in_order(bench: Workbench) -> None:
    """One load finds every problem: of keys, of variables and of values, by line."""
    problems = bench.problems(
        """
        model_list:
          - model_name: m
            litellm_params:
              model: openai/e
              timeout: os.environ/WAIT
              stream_mode: no
        general_setings: {}
        """
    )
    assert [line.split(":")[1] for line in problems] == ["4", "5", "6", "7"]


def test_model_info_is_free_but_for_what_it_knows(bench: Workbench) -> None:
    """Known keys of `model_info` are checked, further keys stay as they are."""
    text = MODEL + "    model_info: {id: 7, supports_vision: true, tier: free}\n"
    info = bench.load(text).config.model_list[0].model_info
    assert info.id == "7"
    assert info.model_extra == {"supports_vision": True, "tier": "free"}
    wrong = MODEL + "    model_info: {max_tokens: 1.5, supports_vision: 2}\n"
    assert bench.problems(wrong) == [
        "config.yaml:5:18: model_list[0].model_info.max_tokens: expected a whole number"
    ]
    assert bench.problems(MODEL + "    model_info: {supports_vision: 2}\n") == [
        "config.yaml:5:5: model_list[0].model_info: supports_vision: expected true or false"
    ]


def test_a_deployments_id_is_its_own(bench: Workbench) -> None:
    """Two deployments can't share an id; the second one is told."""
    entry = MODEL.removeprefix("model_list:\n") + "    model_info: {id: same}\n"
    assert bench.problems(f"model_list:\n{entry}{entry}") == [
        "config.yaml:9:18: model_list[1].model_info.id: model_list[0] has the same id"
    ]


def test_null_is_absent(bench: Workbench) -> None:
    """A key with nothing behind it has its default, in every section."""
    config = bench.load(
        MODEL + "      timeout:\n      top_k:\n    model_info:\ngeneral_settings:\n"
        "litellm_settings: {request_timeout: null}\nrouter_settings: ~\n"
    ).config
    assert config.model_list[0].litellm_params.timeout is None
    assert config.model_list[0].litellm_params.defaults == {}
    assert config.litellm_settings.request_timeout == 600


def test_an_unforeseen_finding_has_words_too() -> None:
    """A finding of pydantic that no table knows still gives plain words, without the value."""
    unforeseen = ErrorDetails(type="new_kind", loc=(), msg="jargon: hush", input="hush")
    assert plain_words(unforeseen) == "is not a valid value"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("600", 600), ("0", 0), ("90.5", 90.5), ("600s", 600), ("10m", 600), ('"1 h"', 3600)],
)
def test_a_span_may_have_a_unit(bench: Workbench, written: str, seconds: float) -> None:
    """A wait of minutes may be written as such; a bare number is seconds."""
    config = bench.load(f"{MODEL}      cold_start_wait: {written}\n").config
    assert config.model_list[0].litellm_params.cold_start_wait == seconds
