"""Without `--aws` and `--invoke`: what the configuration means, and nothing is sent."""

from pathlib import Path

import pytest

from tests.live.check.checked import Checker, chat
from tests.live.leaks import REGION, SECRET_KEY
from tests.live.serving import model

#: Where nobody listens.
NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
LLAMA = "meta-llama/Meta-Llama-3-8B-Instruct"


def test_rows(check: Checker) -> None:
    """Each deployment's row says where it goes, how, and as whom; AWS is not needed for it."""
    models = [
        chat(
            "chat", "plain", model_id="part", extra_headers={"x-amzn-sagemaker-inference-id": "i"}
        ),
        model("family", "sagemaker/text", hf_model_name=LLAMA, aws_region_name="eu-west-1"),
        model("own", "sagemaker/text", chat_template="{{ messages[0].content }}"),
        model("bare", "sagemaker/text", stream_mode="fake"),
        model("vectors", "sagemaker/vectors", info={"mode": "embedding"}),
        chat("keys", "plain", aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key=SECRET_KEY),
        chat("mock", "plain", mock_response="Hello"),
        chat("keyed", "plain", prefix_aware_id="from_key"),
    ]
    checked = check("--json", models=models, variables=NOWHERE)
    assert checked.code == 0, checked.err
    rows = {each["model"]: each for each in checked.document["deployments"]}
    first = rows["chat"]
    assert first["url"] == "http://127.0.0.1:9/endpoints/plain/invocations"
    assert first["host"] == "127.0.0.1:9"
    assert (first["endpoint"], first["inference_component"]) == ("plain", "part")
    assert (first["region"], first["region_from"]) == (REGION, "AWS_REGION")
    assert first["headers"] == ["X-Amzn-SageMaker-Inference-Id"]
    assert first["invoke"] is None
    assert (rows["family"]["region"], rows["family"]["region_from"]) == (
        "eu-west-1",
        "configuration",
    )
    assert {name: row["prompt"] for name, row in rows.items()} == {
        "chat": "container",
        "family": "family",
        "own": "own",
        "bare": "none",
        "vectors": "container",
        "keys": "container",
        "mock": "container",
        "keyed": "container",
    }
    assert rows["keyed"]["headers"] == ["X-Amzn-SageMaker-Prefix-Aware-Id"]
    assert rows["keyed"]["prefix_aware_id"] == "from_key"
    assert first["prefix_aware_id"] is None
    assert rows["bare"]["stream_mode"] == "fake"
    assert rows["bare"]["findings"][0]["check"] == "prompt"
    assert rows["keys"]["identity"] == "static keys"
    assert rows["mock"]["mock"] is True
    assert checked.document["identities"] == []


def test_table(check: Checker) -> None:
    """People get an aligned table; an assumed region is a warning, strictly a failure."""
    keyed = {"model_id": "part", "prefix_aware_id": "from_prompt_cache_key"}
    models = [chat("chat", "plain"), chat("a-longer-name", "plain", **keyed)]
    nobody = {**NOWHERE, "AWS_REGION": ""}
    checked = check(models=models, variables=nobody)
    assert checked.code == 0
    head, first, second = checked.out.splitlines()[:3]
    assert head.startswith("MODEL")
    assert first[head.index("ENDPOINT") :].startswith("plain ")
    assert second[head.index("ENDPOINT") :].startswith("plain [part] ")
    assert second.endswith("  X-Amzn-SageMaker-Prefix-Aware-Id (from_prompt_cache_key)")
    assert first[head.index("REGION") :].startswith("us-west-2 (assumed)")
    assert "2 deployments: 2 warnings" in checked.out
    assert check("--strict", models=models, variables=nobody).code == 1


ROLE = "arn:aws:iam::111122223333:role/invoke"


@pytest.mark.parametrize(
    ("settings", "found", "words"),
    [
        ({"aws_region_name": "us-eats1"}, "region", "us-eats1 is like no region"),
        (
            {"sagemaker_base_url": "https://vpce.example/endpoints/other/invocations"},
            "endpoint",
            "the base URL calls other, and the model names plain",
        ),
        (
            {"sagemaker_base_url": "vpce-1.runtime.sagemaker.eu-north-1.vpce.amazonaws.com"},
            "region",
            "the host is in eu-north-1, and calls are signed for",
        ),
        ({"aws_profile_name": "nobody"}, "identity", "the profile nobody is in none"),
        ({"aws_profile_name": "nobody", "aws_role_name": ROLE}, "identity", "the profile nobody"),
        (
            {
                "aws_web_identity_token": "/proc/self/status",
                "aws_role_name": ROLE,
                "aws_external_id": "tenant-1",
            },
            "identity",
            "aws_external_id has no effect",
        ),
        (
            {"aws_web_identity_token": "/nowhere/token", "aws_role_name": ROLE},
            "identity",
            "/nowhere/token can't be read",
        ),
    ],
)
def test_what_may_be_a_slip(
    check: Checker, settings: dict[str, str], found: str, words: str
) -> None:
    """What is allowed, but hardly meant, is a warning without AWS: it may be right elsewhere."""
    checked = check("--json", models=[chat("m", "plain", **settings)])
    assert checked.code == 0
    (deployment,) = checked.document["deployments"]
    (warning,) = deployment["findings"]
    assert (warning["level"], warning["check"]) == ("warning", found)
    assert words in warning["text"]
    assert ROLE not in checked.out


def test_what_is_on_this_machine(check: Checker, tmp_path: Path) -> None:
    """A profile of AWS's files, with a region or without, and a file that is there, are fine."""
    files = tmp_path / "config"
    files.write_text("[profile bare]\noutput = json\n[profile full]\nregion = eu-west-1\n")
    token = {"aws_web_identity_token": str(files), "aws_role_name": ROLE}
    models = [
        chat("bare", "plain", aws_profile_name="bare"),
        chat("full", "plain", aws_profile_name="full"),
        chat("token", "plain", **token),
        chat("mock", "plain", aws_profile_name="nobody", mock_response="hi"),
    ]
    checked = check(models=models, variables={**NOWHERE, "AWS_CONFIG_FILE": str(files)})
    assert "4 deployments: nothing is wrong" in checked.out


def test_bad_configuration(check: Checker) -> None:
    """A configuration that can't be used is told as serving tells it, with exit code 1."""
    models = [model("m", "bedrock/x"), chat("n", "plain", tiemout=1)]
    plain = check(models=models)
    assert plain.code == 1
    assert plain.out == ""
    assert "model_list[0].litellm_params.model" in plain.err
    checked = check("--json", models=models)
    assert checked.code == 1
    configuration = checked.document["configuration"]
    assert configuration["ok"] is False
    assert "\n".join(configuration["problems"]) == plain.err.strip()


def test_wrong_arguments(check: Checker) -> None:
    """A model that is not there is exit code 2 and one clear line."""
    checked = check("--model", "other", models=[chat("chat", "plain")])
    assert checked.code == 2
    assert checked.err == "--model other: there is no such model; there are: chat\n"
