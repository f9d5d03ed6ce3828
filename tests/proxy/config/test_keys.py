"""The judgement on keys: unknown, misspelt, misplaced, unused, refused."""

from __future__ import annotations

import pytest

from proxy.config.compat import UNSUPPORTED, UNUSED
from tests.proxy.config.workbench import MODEL, Workbench

WAY_OUT = "; a container's own parameter of this name goes under extra_body"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "general_setings: {}",
            "5:1: general_setings: unknown key (did you mean general_settings?)",
        ),
        (
            "general_settings: {maxter_key: a}",
            "5:20: general_settings.maxter_key: unknown key (did you mean master_key?)",
        ),
    ],
)
@pytest.mark.parametrize("lenient", [False, True])
def test_a_misspelt_lock_is_never_a_mere_warning(
    bench: Workbench, text: str, line: str, lenient: bool
) -> None:
    """Leaving out a key that would have locked a door opens it: an error, also with `lenient`."""
    assert bench.problems(f"{MODEL}{text}\n", lenient=lenient) == [f"config.yaml:{line}"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("zzz: 1", "5:1: zzz: unknown key"),
        (
            "litellm_settings: {drop_param: true}",
            "5:20: litellm_settings.drop_param: unknown key (did you mean drop_params?)",
        ),
        (
            "router_settings: {time: 1}",
            "5:19: router_settings.time: unknown key (did you mean timeout?)",
        ),
        (
            "    modelinfo: {}",
            "5:5: model_list[0].modelinfo: unknown key (did you mean model_info?)",
        ),
        (
            "router_settings: {default_litellm_params: {aws_regin_name: a}}",
            (
                "5:44: router_settings.default_litellm_params.aws_regin_name: unknown key "
                "(did you mean aws_region_name?)"
            ),
        ),
        ("request_timeout: 5", "5:1: request_timeout: belongs under litellm_settings"),
        ("model_name: m", "5:1: model_name: belongs in an entry of model_list"),
        (
            "litellm_settings: {include: [a]}",
            "5:20: litellm_settings.include: belongs at the top of the file",
        ),
        (
            "      json_logs: true",
            "5:7: model_list[0].litellm_params.json_logs: belongs under litellm_settings",
        ),
    ],
)
def test_an_unknown_key_is_refused_or_with_lenient_left_out(
    bench: Workbench, text: str, line: str
) -> None:
    """Unknown and misplaced keys are problems with a hint; `lenient` makes them warnings."""
    assert bench.problems(MODEL + text + "\n") == [f"config.yaml:{line}"]
    place, key, words = line.partition(": ")[0], line.split(": ")[1], line.split(": ", 2)[2]
    loaded = bench.load(MODEL + text + "\n", lenient=True)
    assert bench.short(loaded.notices) == [f"config.yaml:{place}: {key}: warning: {words}"]
    assert loaded.config.model_list[0].litellm_params.defaults == {}


@pytest.mark.parametrize(
    "text",
    [
        "master_key: sk-long-enough-1",
        "litellm_settings: {master_key: sk-long-enough-1}",
        "router_settings: {master_key: sk-long-enough-1}",
        "    master_key: sk-long-enough-1",
        "      master_key: sk-long-enough-1",
    ],
)
@pytest.mark.parametrize("lenient", [False, True])
def test_a_misplaced_master_key_never_opens_the_door(
    bench: Workbench, text: str, *, lenient: bool
) -> None:
    """A14: `master_key` anywhere else is an error with a hint, even when lenient."""
    (line,) = bench.problems(f"{MODEL}{text}\n", lenient=lenient)
    assert line.endswith("master_key: belongs under general_settings")


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("aws_secret_acess_key", "aws_secret_access_key"),
        ("aws_acces_key", "aws_access_key_id"),
        ("aws_unheard_of", None),
        ("sagemaker_base_ulr", "sagemaker_base_url"),
        ("sagemaker_x", None),
    ],
)
def test_what_looks_like_a_secret_never_reaches_a_container(
    bench: Workbench, key: str, meant: str | None
) -> None:
    """Unknown `aws_…` and `sagemaker_…` names are refused; lenient leaves them out."""
    text = f"{MODEL}      {key}: hush\n"
    hint = f" (did you mean {meant}?)" if meant else ""
    assert bench.problems(text) == [
        f"config.yaml:5:7: model_list[0].litellm_params.{key}: unknown key{hint}"
    ]
    assert bench.load(text, lenient=True).config.model_list[0].litellm_params.defaults == {}


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("time_out", "timeout"),
        ("strem_mode", "stream_mode"),
        ("drop_param", "drop_params"),
        ("rpmm", "rpm"),
    ],
)
def test_a_near_miss_of_a_setting_is_refused(bench: Workbench, key: str, meant: str) -> None:
    """A name within two letters of a setting is taken for a slip, and there is a way out."""
    assert bench.problems(f"{MODEL}      {key}: 1\n") == [
        (
            f"config.yaml:5:7: model_list[0].litellm_params.{key}: "
            f"unknown key (did you mean {meant}?){WAY_OUT}"
        )
    ]
    loaded = bench.load(f"{MODEL}      extra_body: {{{key}: 1}}\n")
    assert loaded.config.model_list[0].litellm_params.defaults == {key: 1}


def test_containers_parameters_are_not_taken_for_slips(bench: Workbench) -> None:
    """What OpenAI, TGI, vLLM and LMI call their parameters passes as it is."""
    names = """temperature top_p top_k n stop seed max_tokens max_completion_tokens max_new_tokens
        presence_penalty frequency_penalty logit_bias logprobs top_logprobs user tools tool_choice
        parallel_tool_calls response_format reasoning_effort repetition_penalty typical_p watermark
        do_sample return_full_text truncate best_of details decoder_input_details
        top_n_tokens grammar adapter_id adapters lora min_p min_tokens ignore_eos length_penalty
        skip_special_tokens guided_json guided_regex guided_choice chat_template_kwargs
        include_stop_str_in_output echo suffix dimensions encoding_format normalize prompt_logprobs
        add_generation_prompt continue_final_message documents num_beams early_stopping""".split()  # noqa: SIM905 - a word list reads best as words
    text = MODEL + "".join(f"      {name}: 1\n" for name in names)
    loaded = bench.load(text)
    assert set(loaded.config.model_list[0].litellm_params.defaults) == set(names)
    assert loaded.notices == ()


def test_extra_body_carries_no_credentials(bench: Workbench) -> None:
    """`extra_body` goes to the container: AWS settings in it are refused, even when lenient."""
    text = f"{MODEL}      extra_body: {{aws_secret_access_key: hush, top_k: 1}}\n"
    assert bench.problems(text, lenient=True) == [
        (
            "config.yaml:5:20: model_list[0].litellm_params.extra_body.aws_secret_access_key: "
            "belongs under litellm_params: never sent to a container"
        )
    ]


def test_extra_body_wins_over_what_stands_beside_it(bench: Workbench) -> None:
    """Defaults are the unknown keys and `extra_body` together; it is never nested."""
    loaded = bench.load(f"{MODEL}      top_k: 1\n      extra_body: {{top_k: 2, a: {{b: null}}}}\n")
    params = loaded.config.model_list[0].litellm_params
    assert params.defaults == {"top_k": 2, "a": {"b": None}}


FRAMES = {
    "root": MODEL + "{key}: {value}\n",
    "litellm_params": MODEL + "      {key}: {value}\n",
    "model_info": MODEL + "    model_info: {{{key}: {value}}}\n",
    "litellm_settings": MODEL + "litellm_settings: {{{key}: {value}}}\n",
    "router_settings": MODEL + "router_settings: {{{key}: {value}}}\n",
    "general_settings": MODEL + "general_settings: {{{key}: {value}}}\n",
}


@pytest.mark.parametrize("section", FRAMES)
def test_every_unused_key_gets_one_line_with_its_reason(bench: Workbench, section: str) -> None:
    """A LiteLLM key that is not used is accepted, told, and reaches nothing."""
    for key, reason in UNUSED[section].items():
        loaded = bench.load(FRAMES[section].format(key=key, value=1))
        (notice,) = loaded.notices
        assert notice.endswith(f"{key}: not used: {reason}")
        assert loaded.config.model_list[0].litellm_params.defaults == {}


@pytest.mark.parametrize("section", FRAMES)
def test_every_unsupported_key_is_refused_even_when_lenient(bench: Workbench, section: str) -> None:
    """A LiteLLM key that it would be dangerous to leave out stops the start."""
    for key, reason in UNSUPPORTED[section].items():
        (line,) = bench.problems(FRAMES[section].format(key=key, value=1), lenient=True)
        assert line.endswith(f"{key}: {reason}")


def test_an_unsupported_key_that_is_off_is_harmless(bench: Workbench) -> None:
    """`false`, or nothing, behind a key that would be refused is accepted with a line."""
    loaded = bench.load(
        MODEL + "general_settings: {enable_oauth2_auth: false, enforced_params: }\n"
    )
    assert bench.short(loaded.notices) == [
        "config.yaml:5:20: general_settings.enable_oauth2_auth: not used: it is switched off",
        "config.yaml:5:47: general_settings.enforced_params: not used: it is switched off",
    ]


def test_a_key_of_many_models_is_told_once(bench: Workbench) -> None:
    """A thousand entries with the same unused key give one line, not a thousand."""
    entry = MODEL.removeprefix("model_list:\n") + "      tag_regex: 1\n"
    loaded = bench.load("model_list:\n" + entry * 3)
    assert bench.short(loaded.notices) == [
        (
            "config.yaml:5:7: model_list[0].litellm_params.tag_regex: not used: deployments "
            "are chosen by whole tags (and in 2 more places)"
        )
    ]


def test_no_key_is_in_two_lists() -> None:
    """A key of a section is unused or unsupported, never both."""
    for section, unused in UNUSED.items():
        assert not unused.keys() & UNSUPPORTED[section].keys(), section
