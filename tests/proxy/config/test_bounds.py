"""Numbers that make no sense, and what only looks like a number or a flag, are told at start."""

from __future__ import annotations

import pytest

from tests.proxy.config.workbench import MODEL, Workbench

NO_FLAG = "expected a number, not true or false"
FLAG = "expected true or false"


@pytest.mark.parametrize(
    ("section", "setting", "words"),
    [
        ("router_settings", "default_max_parallel_requests: true", NO_FLAG),
        ("router_settings", "timeout: true", NO_FLAG),
        ("router_settings", "num_retries: false", NO_FLAG),
        ("router_settings", "adaptive_concurrency: 1", f"{FLAG} (did you mean true?)"),
        ("router_settings", "disable_cooldowns: 0", f"{FLAG} (did you mean false?)"),
        ("router_settings", "enable_tag_filtering: 0.5", f"{FLAG} (did you mean true?)"),
        ("router_settings", "num_retries: 1000000", "must be at most 100"),
        ("router_settings", "retry_after: 7200", "must be at most 3600"),
        ("router_settings", "cooldown_time: 31536000", "must be at most 86400"),
        ("router_settings", "timeout: 100000", "must be at most 86400"),
        ("router_settings", "max_fallbacks: 101", "must be at most 100"),
        ("router_settings", "max_queued_requests: 10000000", "must be at most 1000000"),
        ("router_settings", "redis_port: 70000", "must be at most 65535"),
        ("litellm_settings", "request_timeout: .inf", "expected a finite number"),
        ("litellm_settings", "request_timeout: 1.0e+9", "must be at most 86400"),
        ("litellm_settings", "cache: 1", f"{FLAG} (did you mean true?)"),
        ("general_settings", "max_request_size_mb: 2000", "must be at most 1024"),
        ("general_settings", "global_max_parallel_requests: true", NO_FLAG),
        ("general_settings", "admission_queue_timeout_seconds: 1.0e+9", "must be at most 86400"),
    ],
)
def test_senseless_settings(bench: Workbench, section: str, setting: str, words: str) -> None:
    """One line each, with its place: nothing is taken for something else, nothing is endless."""
    key = setting.partition(":")[0]
    (problem,) = bench.problems(f"{MODEL}{section}:\n  {setting}\n")
    assert problem == f"config.yaml:6:3: {section}.{key}: {words}"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("rpm: true", NO_FLAG),
        ("weight: .inf", "expected a finite number"),
        ("weight: true", NO_FLAG),
        ("order: true", NO_FLAG),
        ("tpm: 100000000000", "must be at most 1000000000"),
        ("cold_start_wait: 9000h", "must be at most 86400"),
        ("first_byte_timeout: 1.0e+7", "must be at most 86400"),
        ("adaptive_concurrency: 0.7", f"{FLAG} (did you mean true?)"),
        ("add_bos: 1", f"{FLAG} (did you mean true?)"),
    ],
)
def test_a_deployments_senseless_settings(bench: Workbench, setting: str, words: str) -> None:
    """The same in `litellm_params`."""
    key = setting.partition(":")[0]
    expected = f"config.yaml:5:7: model_list[0].litellm_params.{key}: {words}"
    assert bench.problems(f"{MODEL}      {setting}\n") == [expected]


def test_limits_that_limit_nothing(bench: Workbench) -> None:
    """Whoever writes a model down among the limits forgot to say which."""
    (problem,) = bench.problems(f"{MODEL}router_settings:\n  model_group_limits: {{m: {{}}}}\n")
    assert "model_group_limits.m: needs rpm, tpm or max_parallel_requests" in problem


def test_an_answer_is_no_larger_than_all_together(bench: Workbench) -> None:
    """A cache in memory whose entries could never be kept is a slip."""
    params = "cache_params: {max_memory_mb: 1, max_entry_mb: 2}"
    (problem,) = bench.problems(f"{MODEL}litellm_settings:\n  {params}\n")
    assert "max_entry_mb must be at most max_memory_mb" in problem


def test_variables_are_texts(bench: Workbench) -> None:
    """What comes from the environment is a text, and still a number or a flag."""
    text = f"""{MODEL}      rpm: os.environ/RPM
router_settings: {{adaptive_concurrency: os.environ/ADAPTIVE, timeout: os.environ/SECONDS}}
"""
    environ = {"RPM": "60", "ADAPTIVE": "true", "SECONDS": "1.5"}
    config = bench.load(text, environ).config
    router = config.router_settings
    assert (config.model_list[0].litellm_params.rpm, router.timeout) == (60, 1.5)
    assert router.adaptive_concurrency
