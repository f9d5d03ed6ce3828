"""Where a gateway connects, what it looks up: AWS as configured, nothing else (K6, L4, L7).

An audit hook in the process tells of every name that is resolved and every connection that is made.
"""

from pathlib import Path
from typing import Final

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway
from tests.live.leaks import MASTER_KEY
from tests.live.lifecycle.stage import ADMIN, File
from tests.live.processes import clean_environment, running

#: Runs the gateway on Python's own loop, whose calls the hook sees.
WATCHED: Final = """
import runpy, sys
sys.modules["uvloop"] = None
def told(event, arguments):
    if event == "socket.getaddrinfo":
        print("outbound", arguments[0], file=sys.stderr, flush=True)
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        print("outbound", arguments[1][0], file=sys.stderr, flush=True)
    elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
        print("outbound", event, file=sys.stderr, flush=True)
sys.addaudithook(told)
runpy.run_module("proxy", run_name="__main__", alter_sys=True)
"""
TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"
#: LiteLLM's routes that change what is served, or fetch, or run something.
CHANGING = [
    *("/model/new", "/model/update", "/model/delete", "/config/update", "/config/field/update"),
    *("/config/pass_through_endpoint", "/guardrails", "/prompts/test", "/utils/transform_request"),
    *(
        "/mcp/tools/call",
        "/credentials",
        "/callbacks",
        "/settings",
        "/update/default_team_settings",
    ),
]


def test_nothing_but_the_configured_address_is_reached(tmp_path: Path, emulated: Emulated) -> None:
    """Start, calls of every kind, images by address, a reload: no other host, no program is run."""
    file = File(tmp_path / "config.yaml", emulated.url)
    file.write(
        serving.model("chat", "sagemaker_chat/chat", hf_model_name="org/some-model"),
        serving.model("text", "sagemaker/tgi", hf_model_name="meta-llama/Llama-3-8B-Instruct"),
        serving.model("own", "sagemaker/tgi", chat_template=TEMPLATE),
        serving.model("embed", "sagemaker/embed"),
    )
    image = {"type": "image_url", "image_url": {"url": "http://images.example.com/a.png"}}
    arguments = ["-c", WATCHED, "--config", str(file.path), "--host", "127.0.0.1", "--port", "0"]
    with running(arguments, clean_environment()) as process:
        gateway = Gateway(process)
        gateway.http.headers.update(ADMIN)
        gateway.wait_until_ready()
        for model in ("chat", "text", "own"):
            assert gateway.chat(model).status_code == 200
            assert gateway.stream(model).done
        gateway.chat("chat", messages=[{"role": "user", "content": [image]}])
        gateway.post("/v1/embeddings", {"model": "embed", "input": "x"})
        assert gateway.http.post("/config/reload").status_code == 200
        assert gateway.chat("chat", messages=HELLO).status_code == 200
        gateway.close()

    words = [line.split() for line in process.err.splitlines() if line.startswith("outbound")]
    reached = {line[1] for line in words}
    assert "127.0.0.1" in reached
    assert reached <= {"127.0.0.1", "localhost", "None"}


def test_k06_references_in_requests_stay_texts(gateway: Gateway, emulated: Emulated) -> None:
    """`os.environ/NAME` means a variable in the configuration alone: a client's is only a text."""
    text = "os.environ/PATH"
    assert gateway.chat("chat", messages=[{"role": "user", "content": text}]).status_code == 200
    assert emulated.body("chat")["messages"][0]["content"] == text
    assert gateway.chat(text).status_code == 404


def test_l07_the_configuration_cannot_be_changed_by_requests(locked: Gateway) -> None:
    """Nobody, not even an administrator, changes what is served over HTTP: there are no routes."""
    headers = {"authorization": f"Bearer {MASTER_KEY}"}
    before = locked.http.get("/v1/models", headers=headers).json()["data"]
    for path in CHANGING:
        for method in ("POST", "PATCH", "PUT"):
            answer = locked.http.request(method, path, headers=headers, json={"model_name": "x"})
            assert answer.status_code == 404, path
    assert locked.http.get("/v1/models", headers=headers).json()["data"] == before
