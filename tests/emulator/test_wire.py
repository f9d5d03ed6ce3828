import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.settings import Settings
from tests.emulator.callers import CHAT, TGI, TOKEN, Emulated, sign

COMPONENT = "demo-component"


def error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, int, str]:
    """Code, HTTP status and text of a botocore error."""
    response: Any = caught.value.response
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return response["Error"]["Code"], status, response["Error"]["Message"]


def test_invoke(emulated: Emulated) -> None:
    """InvokeEndpoint returns the container's bytes, media type, variant and a request id."""
    answer = emulated.client().invoke_endpoint(
        EndpointName="demo-tgi", Body=json.dumps(TGI), ContentType="application/json"
    )
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["ResponseMetadata"]["RequestId"] == emulated.requests()[0]["request_id"]
    assert "Köln" in json.loads(answer["Body"].read())[0]["generated_text"]


def test_stream(emulated: Emulated) -> None:
    """The streaming operation's frames are read by botocore, record by record."""
    answer = emulated.client().invoke_endpoint_with_response_stream(
        EndpointName="demo-tgi",
        Body=json.dumps({**TGI, "stream": True}),
        ContentType="application/json",
        Accept="text/event-stream",
    )
    assert answer["ContentType"] == "text/event-stream"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    records = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]
    assert len(records) > 5
    assert all(record.startswith(b"data: {") and record.endswith(b"\n\n") for record in records)


def test_headers_reach_the_container(emulated: Emulated) -> None:
    """Component, custom attributes and id arrive signed and are recorded with the exact body."""
    emulated.invoke(
        "demo-components",
        CHAT,
        InferenceComponentName=COMPONENT,
        CustomAttributes="accept_eula=true",
        InferenceId="call-1",
    )
    (entry,) = emulated.requests(endpoint="demo-components")
    assert entry["component"] == COMPONENT
    assert entry["headers"]["x-amzn-sagemaker-custom-attributes"] == "accept_eula=true"
    assert entry["headers"]["x-amzn-sagemaker-inference-id"] == "call-1"
    assert json.loads(entry["body"]) == CHAT
    assert entry["outcome"] == "200"


def test_component_is_told(emulated: Emulated) -> None:
    """The reply names the component that served it."""
    reply = emulated.invoke("demo-components", CHAT, InferenceComponentName=COMPONENT)
    assert f"component: {COMPONENT}" in reply["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("endpoint", "more", "text"),
    [
        ("demo-components", {}, "Inference Component Name header is required for endpoints"),
        (
            "demo-components",
            {"InferenceComponentName": "other"},
            "Inference Component other of account 111122223333 not found.",
        ),
        (
            "demo-tgi",
            {"InferenceComponentName": COMPONENT},
            "Inference Component Name header is not allowed",
        ),
        ("nowhere", {}, "Endpoint nowhere of account 111122223333 not found."),
        ("demo-tgi", {"TargetVariant": "blue"}, "Variant blue not found"),
        ("a_b", {}, "Value 'a_b' at 'endpointName' failed to satisfy constraint: Member must"),
        ("demo-tgi", {"InferenceId": "x" * 65}, "length less than or equal to 64"),
    ],
)
def test_validation(emulated: Emulated, endpoint: str, more: dict[str, str], text: str) -> None:
    """What AWS refuses before it asks a container is a ValidationError 400 in its words."""
    with pytest.raises(ClientError) as caught:
        emulated.invoke(endpoint, TGI, **more)
    code, status, message = error(caught)
    assert (code, status) == ("ValidationError", 400)
    assert text in message


def test_streaming_refused(emulated: Emulated) -> None:
    """An endpoint that can't stream refuses the operation and serves the plain one."""
    with pytest.raises(ClientError, match="Streaming is not supported") as caught:
        list(emulated.parts("demo-no-stream", TGI))
    assert error(caught)[:2] == ("ValidationError", 400)
    assert emulated.invoke("demo-no-stream", TGI)[0]["generated_text"]


def test_container_refusal(emulated: Emulated) -> None:
    """A container's error is a ModelError 424 with its status, its body, and AWS's log address."""
    with pytest.raises(ClientError) as caught:
        emulated.invoke("demo-tgi", {"inputs": "x", "parameters": {"temperature": 0}})
    response: Any = caught.value.response
    assert error(caught)[:2] == ("ModelError", 424)
    assert response["OriginalStatusCode"] == 422
    assert json.loads(response["OriginalMessage"]) == {
        "error": "Input validation error: `temperature` must be strictly positive",
        "error_type": "validation",
    }
    assert ":111122223333:log-group:/aws/sagemaker/Endpoints/demo-tgi" in response["LogStreamArn"]
    assert "in account 111122223333 for more information." in response["Error"]["Message"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"access_key": "AKIANOBODY"}, "UnrecognizedClientException"),
        ({"secret_key": "wrong"}, "InvalidSignatureException"),
        ({"region": "eu-west-1"}, "InvalidSignatureException"),
        (
            {"access_key": "ASIATEMPORARYEXAMPLE", "secret_key": "temporary"},
            "UnrecognizedClientException",
        ),
        (
            {"access_key": "ASIATEMPORARYEXAMPLE", "secret_key": "temporary", "token": "x"},
            "UnrecognizedClientException",
        ),
        (
            {"access_key": "ASIAEXPIREDEXAMPLE00", "secret_key": "expired", "token": TOKEN},
            "ExpiredTokenException",
        ),
    ],
)
def test_bad_credentials(emulated: Emulated, options: dict[str, str], code: str) -> None:
    """Each wrong credential surfaces in botocore under AWS's code, with status 403."""
    with pytest.raises(ClientError) as caught:
        emulated.client(**options).invoke_endpoint(EndpointName="demo-tgi", Body=b"{}")
    assert error(caught)[:2] == (code, 403)


def test_temporary_credentials(emulated: Emulated) -> None:
    """A temporary key with its own token is accepted."""
    client = emulated.client("ASIATEMPORARYEXAMPLE", "temporary", TOKEN)
    answer = client.invoke_endpoint(EndpointName="demo-tgi", Body=json.dumps(TGI))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_body_limit(emulated: Emulated, settings: Settings) -> None:
    """A body at the limit passes; one byte more is the front door's 413, without an error name."""
    path = "/endpoints/demo-tgi/invocations"
    for extra, status in ((0, 424), (1, 413)):
        body = b"x" * (settings.body_limit + extra)
        headers = sign("POST", emulated.url + path, body, {})
        answer = emulated.http.post(path, content=body, headers=headers)
        assert answer.status_code == status
    assert answer.json() == {"message": "HTTP content length exceeded 10000 bytes."}
    assert "x-amzn-errortype" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/endpoints/demo-tgi/invocations"),
        ("POST", "/endpoints/demo-tgi/invocations/"),
        ("POST", "/endpoints/a%2Fb/invocations"),
        ("POST", "/endpoints/demo-tgi/async-invocations"),
        ("GET", "/"),
    ],
)
def test_unknown_operation(emulated: Emulated, method: str, path: str) -> None:
    """Any other route is an AWS-shaped 404."""
    answer = emulated.http.request(method, path)
    assert answer.status_code == 404
    assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"
    assert answer.headers["x-amzn-requestid"]


def test_ping(emulated: Emulated) -> None:
    """`/ping` answers 200, unsigned."""
    assert emulated.http.get("/ping").status_code == 200


def test_plain_operation_with_stream_in_the_body(emulated: Emulated) -> None:
    """As on AWS, the body alone decides what the container does: its events come unframed."""
    answer = emulated.client().invoke_endpoint(
        EndpointName="demo-chat", Body=json.dumps({**CHAT, "stream": True})
    )
    assert answer["ContentType"].startswith("text/event-stream")
    assert answer["Body"].read().endswith(b"data: [DONE]\n\n")


def test_sessions(emulated: Emulated) -> None:
    """A session is opened by a whole answer only, and its id is one that later calls may carry."""
    call = {"EndpointName": "demo-chat", "Body": json.dumps(CHAT)}
    client = emulated.client()
    answer = client.invoke_endpoint(**call, SessionId="NEW_SESSION")
    session = answer["NewSessionId"].partition(";")[0]
    assert "NewSessionId" not in client.invoke_endpoint(**call, SessionId=session)
    with pytest.raises(ClientError) as caught:
        client.invoke_endpoint_with_response_stream(**call, SessionId="NEW_SESSION")
    assert error(caught)[:2] == ("ValidationError", 400)
    assert "sessionId" in error(caught)[2]
