"""Models with a `*`: what their rows say, and what they match now."""

import json

import pytest

from tests.live.check.checked import Checked, Checker, chat
from tests.live.check.conftest import ENDPOINTS, Emulating
from tests.live.serving import Yaml

MANY = {f"bulk-{number:02}": {"kind": "messages"} for number in range(25)}
MODELS = [
    chat("fine", "plain"),
    chat("any/*", "*"),
    chat("any/sl*", "s*", model_id="sleeper"),
    chat("parts/*", "s*", discover={"components": True}),
    chat("bulk/*", "bulk-*", allowed_endpoints=["bulk-*"]),
    chat("none/*", "nothing-*", discover={}),
    chat("mock/*", "*", mock_response="Hello"),
]


@pytest.fixture(scope="module")
def many(emulating: Emulating) -> Checked:
    """All of them, asked about."""
    with emulating(endpoints={**ENDPOINTS, **MANY}) as check:
        return check("--aws", "--json", models=MODELS)


def rows(checked: Checked) -> dict[str, Yaml]:
    """The rows by their models."""
    return {each["model"]: each for each in checked.document["deployments"]}


def said(row: Yaml, check: str = "discovery") -> list[tuple[str, str]]:
    """Levels and texts of what was found."""
    return [(each["level"], each["text"]) for each in row["findings"] if each["check"] == check]


def test_offline(check: Checker) -> None:
    """Without AWS each wildcard has a row, with its `*` where names will stand."""
    checked = check("--json", models=MODELS)
    assert checked.code == 0, checked.err
    told = rows(checked)
    assert list(told) == [each["model_name"] for each in MODELS]
    parts = told["parts/*"]
    assert (parts["wildcard"], parts["endpoint"]) == ("parts/*", "s*")
    assert parts["url"].endswith("/endpoints/s*/invocations")
    assert told["fine"]["wildcard"] is None
    assert [name for name, row in told.items() if row["unbounded"]] == ["any/*", "any/sl*"]
    assert [level for level, _ in said(told["any/*"])] == ["hint"]


def test_what_is_matched_now(many: Checked) -> None:
    """Each live endpoint or component is a row behind its wildcard's, examined as any other."""
    told = rows(many)
    parts = [name for name in told if name.startswith("parts/")]
    assert parts == ["parts/*", "parts/leeps/sleeper", "parts/low", "parts/tuck/stuck-one"]
    assert said(told["parts/*"]) == [("ok", "matches 3 now")]
    slept = told["parts/leeps/sleeper"]
    assert (slept["endpoint"], slept["inference_component"]) == ("sleeps", "sleeper")
    assert slept["wildcard"] == "parts/*"
    assert many.found("parts/leeps/sleeper")["component"] == "hint"
    assert many.found("parts/tuck/stuck-one")["wake_up"] == "warning"
    assert said(told["none/*"]) == [("warning", "matches nothing that serves now")]
    assert told["mock/*"]["findings"] == []


def test_names_have_one_owner(check: Checker) -> None:
    """A name that a longer pattern or an entry of its own serves is not the shorter one's."""
    models = [chat("any/*", "*"), chat("any/st*", "st*"), chat("any/plain", "plain")]
    told = rows(check("--aws", "--json", models=models))
    assert list(told) == [
        "any/*",
        "any/sleeps",
        "any/slow",
        "any/text",
        "any/vectors",
        "any/st*",
        "any/stuck",
        "any/plain",
    ]
    owners = {name: row["wildcard"] for name, row in told.items()}
    assert (owners["any/slow"], owners["any/stuck"]) == ("any/*", "any/st*")
    assert owners["any/plain"] is None


def test_many(many: Checked) -> None:
    """Twenty are looked at; how many more there are is said."""
    bulk = [row for name, row in rows(many).items() if name.startswith("bulk/")]
    assert len(bulk) == 1 + 20
    (ok, more) = said(bulk[0])
    assert ok == ("ok", "matches 25 now")
    assert more[0] == "hint"
    assert more[1].startswith("5 more are not examined")


def test_invoke(check: Checker) -> None:
    """What is matched is called as well; by itself a wildcard is not, and that is said."""
    models = [chat("pl/*", "pl*", allowed_endpoints=["plain"])]
    told = rows(check("--aws", "--invoke", "--json", models=models))
    assert told["pl/*"]["invoke"] is None
    assert told["pl/ain"]["invoke"]["status"] == 200
    alone = rows(check("--invoke", "--json", models=models))
    assert list(alone) == ["pl/*"]
    assert [level for level, _ in said(alone["pl/*"], "invoke")] == ["unknown"]


def test_tags(emulating: Emulating) -> None:
    """What lacks the wanted tags is not matched."""
    tagged = {"kind": "messages", "tags": {"team": "search"}}
    with emulating(endpoints={**ENDPOINTS, "tagged": tagged}) as check:
        models = [chat("any/*", "*", discover={"tags": {"team": "search"}})]
        told = rows(check("--aws", "--json", models=models))
    assert list(told) == ["any/*", "any/tagged"]


def test_by_name(check: Checker) -> None:
    """`--model` takes what a wildcard serves, and the wildcard; discovery must have found it."""
    served = check("--aws", "--json", "-m", "parts/tuck/stuck-one", models=MODELS)
    assert list(rows(served)) == ["parts/tuck/stuck-one"]
    assert served.found("parts/tuck/stuck-one")["discovery"] == "ok"
    gone = check("--aws", "--json", "-m", "parts/gone", models=MODELS)
    assert gone.code == 1
    assert gone.found("parts/gone") == {
        "endpoint": "failure",
        "permission": "ok",
        "discovery": "failure",
    }
    assert list(rows(check("--json", "-m", "none/*", models=MODELS))) == ["none/*"]
    aliases = {"router_settings": {"model_group_alias": {"other": "fine"}}}
    assert list(rows(check("--json", "-m", "other", models=MODELS, settings=aliases))) == ["fine"]
    nobody = check("-m", "bulk/none", models=[chat("bulk/*", "b-*", allowed_endpoints=["b-a"])])
    assert nobody.code == 2
    assert nobody.err == "--model bulk/none: there is no such model; there are: bulk/*\n"


def test_without_the_permission(emulating: Emulating) -> None:
    """Discovery without ListEndpoints is a failure with its remedy; others just stay unlisted."""
    models = [chat("a/*", "*", discover={"tags": {"a": "b"}}), chat("b/*", "*")]
    with emulating(policy={"deny": ["sagemaker:List*"]}) as check:
        checked = check("--aws", "--json", models=models)
        named = check("--aws", "--json", "-m", "a/plain", "-m", "b/plain", models=models)
    assert checked.code == 1
    assert checked.err == ""
    assert named.found("a/plain")["discovery"] == "failure"
    assert "discovery" not in named.found("b/plain")
    told = rows(checked)
    assert [level for level, _ in said(told["b/*"])] == ["hint", "unknown"]
    (found,) = told["a/*"]["findings"]
    assert (found["level"], found["check"]) == ("failure", "discovery")
    statement = json.loads(found["advice"].partition("\n")[2])
    assert statement["Action"] == ["sagemaker:ListEndpoints", "sagemaker:ListTags"]
