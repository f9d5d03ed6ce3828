"""The lines that start-up prints."""

from __future__ import annotations

from dataclasses import replace

from proxy.banner import ModelLine, banner, hints


def _line(name: str, component: str | None = None) -> ModelLine:
    return ModelLine(
        model=name,
        endpoint="my-endpoint",
        component=component,
        format="tgi",
        identity="static keys",
        region="eu-west-1",
    )


def test_the_banner_says_what_serves_where() -> None:
    """Address, docs page, key, and each model's endpoint, region, format and identity, aligned."""
    text = banner("http://127.0.0.1:4000", [_line("a"), _line("longer", "part")], key_required=True)
    assert text.splitlines() == [
        "sagegate serves http://127.0.0.1:4000",
        "  docs  http://127.0.0.1:4000/docs",
        "  key   required on every call",
        "  a       -> my-endpoint in eu-west-1         format tgi  identity static keys",
        "  longer  -> my-endpoint [part] in eu-west-1  format tgi  identity static keys",
    ]


def test_the_banner_says_when_no_key_is_needed() -> None:
    """An open gateway says so."""
    assert "not required: none is configured" in banner("http://a", [], key_required=False)


def test_many_models_are_counted() -> None:
    """Beyond twenty models the rest is a number."""
    lines = banner("http://a", [_line(str(n)) for n in range(23)], key_required=True).splitlines()
    assert len(lines) == 3 + 20 + 1
    assert lines[-1] == "  ... and 3 more, 23 in all"


def test_what_was_assumed_is_told() -> None:
    """Regions, templates and wildcards that nobody settled are told once, with their models."""
    assumed = replace(_line("a"), region="us-west-2", region_assumed=True)
    plain = replace(_line("b"), plain_prompt=True)
    many = [replace(plain, model=f"m{number}") for number in range(25)]
    assert hints([_line("c")]) == []
    region, prompt = hints([assumed, plain, plain])
    (risk,) = hints([replace(_line("sm/*"), unbounded=True)])
    assert risk == (
        "every endpoint of the account and region whose name fits can be called through sm/* "
        "(set allowed_endpoints or discover)"
    )
    (unused,) = hints([replace(_line("web"), external_id_unused=True)])
    assert unused.startswith("aws_external_id has no effect beside aws_web_identity_token")
    assert unused.endswith(": web")
    assert region == "no region is named: us-west-2 is assumed for a"
    assert prompt.startswith("no prompt template is known")
    assert " for b (set hf_model_name" in prompt
    assert "m19 and 5 more" in hints(many)[0]
