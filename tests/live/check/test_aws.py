"""`--aws` and `--invoke` against an emulator: each state that an endpoint can be in."""

import json

import pytest

from tests.live.check.checked import KEYS, Checked, Checker, chat
from tests.live.check.conftest import Emulating
from tests.live.leaks import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY
from tests.live.serving import model

MODELS = [
    chat("fine", "plain"),
    model("wrong-format", "sagemaker/plain", format="tgi"),
    model("serverless", "sagemaker/text"),
    model("vectors", "sagemaker/vectors", info={"mode": "embedding"}),
    chat("asleep", "sleeps", model_id="sleeper"),
    chat("stuck", "stuck", model_id="stuck-one"),
    chat("nameless", "stuck"),
    chat("elsewhere", "plain", model_id="sleeper"),
    chat("no-component", "stuck", model_id="nothing"),
    chat("failed", "failed"),
    chat("missing", "nowhere"),
    chat("slow", "slow", timeout=1),
    chat("mock", "plain", mock_response="Hello"),
]


@pytest.fixture(scope="module")
def everything(check: Checker) -> Checked:
    """All of them, asked about and called."""
    return check("--aws", "--invoke", "--json", models=MODELS)


def test_identity(everything: Checked) -> None:
    """The identity is asked for once, and told to the operator with its account."""
    assert everything.code == 1
    (caller,) = everything.document["identities"]
    assert caller["account"] == ACCOUNT
    assert caller["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/emulator/session"
    assert (caller["partition"], caller["region"]) == ("aws", REGION)
    assert abs(caller["clock_skew_seconds"]) < 30
    assert [each["level"] for each in caller["findings"]] == ["ok", "ok"]
    assert len(caller["models"]) == len(MODELS) - 1


@pytest.mark.parametrize(
    ("name", "findings"),
    [
        ("fine", {"endpoint": "ok", "format": "ok", "permission": "ok", "invoke": "ok"}),
        ("wrong-format", {"format": "warning", "invoke": "failure"}),
        ("serverless", {"serverless": "hint", "format": "ok", "invoke": "ok"}),
        ("vectors", {"format": "ok", "invoke": "ok"}),
        (
            "asleep",
            {"component": "hint", "routing": "hint", "wake_up": "ok", "invoke": "warning"},
        ),
        ("stuck", {"component": "ok", "wake_up": "warning", "invoke": "ok"}),
        ("nameless", {"component": "failure", "invoke": "failure"}),
        ("elsewhere", {"component": "failure", "invoke": "failure"}),
        ("no-component", {"component": "failure", "endpoint": "ok"}),
        ("failed", {"endpoint": "failure"}),
        ("missing", {"endpoint": "failure", "permission": "ok", "invoke": "failure"}),
        ("slow", {"endpoint": "ok", "invoke": "failure"}),
        ("mock", {"invoke": "ok"}),
    ],
)
def test_states(everything: Checked, name: str, findings: dict[str, str]) -> None:
    """Each state of an endpoint is found, and judged as bad as it is."""
    found = everything.found(name)
    assert {check: found.get(check) for check in findings} == findings


def test_calls(everything: Checked) -> None:
    """A call's latency, and what came, are told; a failed one has its error."""
    tried = {each["model"]: each["invoke"] for each in everything.document["deployments"]}
    fine = tried["fine"]
    assert fine.pop("latency_ms") >= 0
    assert fine == {
        "task": "chat",
        "status": 200,
        "shape": None,
        "finish_reason": "length",
        "usage_source": "container",
        "variant": "AllTraffic",
        "error": None,
    }
    assert tried["vectors"]["task"] == "embedding"
    assert tried["serverless"]["shape"] == "[].generated_text"
    assert (tried["asleep"]["status"], tried["asleep"]["error"]) == (503, "no_capacity")
    assert tried["slow"]["status"] == 408
    assert (tried["missing"]["status"], tried["missing"]["error"]) == (404, "endpoint_not_found")


def test_summary(everything: Checked) -> None:
    """The counts are those of the findings."""
    document = everything.document
    levels = [
        each["level"]
        for group in (document["identities"], document["deployments"])
        for owner in group
        for each in owner["findings"]
    ]
    assert document["summary"] == {
        "deployments": len(MODELS),
        "failures": levels.count("failure"),
        "warnings": levels.count("warning"),
        "unknown": 0,
    }


def test_one_model(check: Checker) -> None:
    """`--model` leaves the others alone; a warning alone does not fail."""
    stuck = check("--aws", "--model", "stuck", "--model", "fine", models=MODELS)
    assert stuck.code == 0
    assert "stuck -> stuck [stuck-one]\n" in stuck.out
    assert "WARNING wake_up" in stuck.out
    assert "missing" not in stuck.out
    assert stuck.err == ""


def test_denied(emulating: Emulating) -> None:
    """A missing permission to look leaves things unknown, one line each; nothing fails by it."""
    deny = ["sagemaker:Describe*", "iam:*", "application-autoscaling:*"]
    models = [chat("chat", "plain"), chat("asleep", "sleeps", model_id="sleeper")]
    with emulating(policy={"deny": deny}) as check:
        checked = check("--aws", models=models)
    assert checked.code == 0
    lines = [line for line in checked.out.splitlines() if line.startswith("  ?")]
    assert len(lines) == 5
    assert all("could not check" in line and "AccessDenied" in line for line in lines)
    assert "2 deployments: 5 not checked" in checked.out


def test_denied_permission(emulating: Emulating) -> None:
    """A statement that denies is told apart: another that allows would not help."""
    with emulating(policy={"deny": ["sagemaker:InvokeEndpoint"]}) as check:
        checked = check("--aws", "--json", models=[chat("m", "plain")])
    assert checked.code == 1
    (deployment,) = checked.document["deployments"]
    (found,) = [each for each in deployment["findings"] if each["check"] == "permission"]
    assert found["level"] == "failure"
    assert "is denied by a statement" in found["text"]
    assert "{" not in found["advice"]


def test_missing_permission(emulating: Emulating) -> None:
    """A permission that the identity lacks is printed as the statement that would grant it."""
    with emulating(policy={"allow": ["sagemaker:Describe*", "iam:*"]}) as check:
        checked = check("--aws", "--json", models=[chat("m", "sleeps", model_id="sleeper")])
    assert checked.code == 1
    (deployment,) = checked.document["deployments"]
    (found,) = [each for each in deployment["findings"] if each["check"] == "permission"]
    assert found["level"] == "failure"
    statement = json.loads(found["advice"][found["advice"].index("{") :])
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:"
    assert statement == {
        "Effect": "Allow",
        "Action": "sagemaker:InvokeEndpoint",
        "Resource": [f"{arn}endpoint/sleeps", f"{arn}inference-component/sleeper"],
    }


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({}, "no AWS credentials"),
        ({**KEYS, "AWS_SECRET_ACCESS_KEY": "wrong/" + SECRET_KEY[::-1]}, "SignatureDoesNotMatch"),
    ],
)
def test_no_identity(check: Checker, variables: dict[str, str], word: str) -> None:
    """Without credentials that hold, the identity is the failure; nothing more is asked."""
    checked = check("--aws", models=MODELS[:2], variables=variables)
    assert checked.code == 1
    assert word in checked.out
    assert checked.out.count("FAILURE") == 1
    assert checked.out.count("the identity can't be used") == 2


def test_identities_apart(check: Checker) -> None:
    """Each identity is asked about in its own region, with its own models."""
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    models = [chat("a", "plain"), chat("b", "plain", **keys), chat("c", "plain", **keys)]
    callers = check("--aws", "--json", models=models).document["identities"]
    assert [(each["identity"], each["models"]) for each in callers] == [
        ("default AWS chain", ["a"]),
        ("static keys", ["b", "c"]),
    ]


@pytest.mark.parametrize(("ahead", "level", "code"), [(120, "warning", 0), (3600, "failure", 1)])
def test_clock(emulating: Emulating, ahead: int, level: str, code: int) -> None:
    """A wrong clock is found by AWS's date, also where AWS refuses the signature for it."""
    with emulating(clock_ahead=ahead) as check:
        checked = check("--aws", "--json", models=MODELS[:1])
    assert checked.code == code
    (caller,) = checked.document["identities"]
    assert caller["clock_skew_seconds"] == pytest.approx(-ahead, abs=30)
    found = {each["check"]: each["level"] for each in caller["findings"]}
    assert found["clock"] == level
