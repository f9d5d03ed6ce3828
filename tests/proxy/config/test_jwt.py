"""`enable_jwt_auth` and `litellm_jwtauth`: what is taken, and what stops the start."""

from __future__ import annotations

import pytest

from adapters.errors import ConfigError
from proxy.config.schema import GeneralSettings
from proxy.jwt.opening import check_tokens
from tests.proxy.config.workbench import Workbench

MODEL = "model_list: [{model_name: m, litellm_params: {model: sagemaker/e}}]\n"
ENFORCED = "enforce_scope_based_access: true, scope_mappings:"
ROW = "{issuer: https://i/, audience: sagegate, jwks_url: https://i/keys}"


def settings(jwtauth: str) -> str:
    return f"{MODEL}general_settings: {{enable_jwt_auth: true, litellm_jwtauth: {jwtauth}}}\n"


def test_the_least(bench: Workbench) -> None:
    """An issuer, an audience and a place of keys are enough; one audience may be a text."""
    loaded = bench.load(settings(f"{{issuers: [{ROW}]}}"))
    jwtauth = loaded.config.general_settings.litellm_jwtauth
    assert jwtauth is not None
    assert jwtauth.issuers[0].audience == ("sagegate",)
    assert jwtauth.issuers[0].algorithms == ("RS256", "ES256")
    assert jwtauth.admin_jwt_scope is None
    check_tokens(loaded.config.general_settings)


@pytest.mark.parametrize(
    ("jwtauth", "words"),
    [
        ("{}", "issuers"),
        ("{issuers: []}", "issuers"),
        ("{issuers: [{issuer: i, jwks_url: https://i/k}]}", "audience"),
        ("{issuers: [{issuer: i, audience: [], jwks_url: https://i/k}]}", "audience"),
        ("{issuers: [{issuer: i, audience: a, jwks_url: http://i/k}]}", "https://"),
        ("{issuers: [{issuer: i, audience: a, jwks_url: file:///etc/k}]}", "https://"),
        ("{issuers: [{issuer: i, audience: a, jwks_url: 'https://u:p@i/k'}]}", "https://"),
        ("{issuers: [{issuer: i, audience: a, jwks_url: 'https://i:x/k'}]}", "https://"),
        (f"{{issuers: [{ROW}, {ROW}]}}", "same issuer"),
        (f"{{issuers: [{ROW[:-1]}, algorithms: [HS256]}}]}}", "algorithms"),
        (f"{{issuers: [{ROW[:-1]}, algorithms: [none]}}]}}", "algorithms"),
        (f"{{issuers: [{ROW[:-1]}, disable_audience_validation: true}}]}}", "always checked"),
        (f"{{issuers: [{ROW[:-1]}, audienc: x}}]}}", "audience"),
        (f"{{issuers: [{ROW}], leeway: 301}}", "leeway"),
        (f"{{issuers: [{ROW}], team_id_jwt_field: t}}", "teams"),
        (f"{{issuers: [{ROW}], user_allowed_email_domain: x}}", "not supported"),
        (f"{{issuers: [{ROW}], enforce_scope_based_access: true}}", "go together"),
        (f"{{issuers: [{ROW}], scope_mappings: [{{scope: s, models: [m]}}]}}", "go together"),
        (
            f"{{issuers: [{ROW}], {ENFORCED} [{{scope: s, models: [m]}}], models_jwt_field: m}}",
            "keep one",
        ),
        (
            f"{{issuers: [{ROW}], {ENFORCED} [{{scope: s, models: []}}]}}",
            "models",
        ),
    ],
)
def test_what_stops_the_start(bench: Workbench, jwtauth: str, words: str) -> None:
    """What would take tokens that it should not, or mean nothing, is an error, lenient or not."""
    for lenient in (False, True):
        with pytest.raises(ConfigError, match=words):
            bench.load(settings(jwtauth), lenient=lenient)


def test_switched_on_without_settings() -> None:
    """`enable_jwt_auth` alone says whose tokens it wants."""
    with pytest.raises(ConfigError, match=r"litellm_jwtauth\.issuers"):
        check_tokens(GeneralSettings(enable_jwt_auth=True))


def test_switched_off(bench: Workbench) -> None:
    """Settings without the switch are none."""
    loaded = bench.load(f"{MODEL}general_settings: {{litellm_jwtauth: {{issuers: [{ROW}]}}}}\n")
    check_tokens(loaded.config.general_settings)
    assert not loaded.config.general_settings.enable_jwt_auth
