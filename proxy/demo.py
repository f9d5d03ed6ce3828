"""`sagegate demo`: the gateway in front of the emulator, with calls to paste.

Starts both as processes of their own, exactly as a user would, and stops both when it is told to.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import click
import httpx

from proxy.cannot_start import CannotStart

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.1

#: The keys are AWS's documented examples: the emulator knows them, AWS does not.
_CONFIG = """\
model_list:
  - model_name: jumpstart-model
    litellm_params: &aws
      model: sagemaker/demo-tgi
      aws_access_key_id: AKIAIOSFODNN7EXAMPLE
      aws_secret_access_key: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
      aws_region_name: us-east-1
      sagemaker_base_url: {emulator}
  - model_name: chat-model
    litellm_params: {{<<: *aws, model: sagemaker_chat/demo-chat}}
  - model_name: embedding-model
    litellm_params: {{<<: *aws, model: sagemaker/demo-embed}}
"""

_CALLS = """
Paste any of these into another terminal, in this folder; Ctrl-C stops both.

# curl
curl {gateway}/chat/completions \\
  --header 'Content-Type: application/json' \\
  --data '{{"model": "jumpstart-model",
           "messages": [{{"role": "user", "content": "what llm are you"}}]}}'

# the openai SDK, streaming
{python} - <<'EOF'
import openai
client = openai.OpenAI(api_key="anything", base_url="{gateway}")
stream = client.chat.completions.create(
    model="chat-model",
    messages=[{{"role": "user", "content": "write a short poem"}}],
    stream=True,
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
EOF

# LangChain
{python} - <<'EOF'
from langchain_openai import ChatOpenAI
chat = ChatOpenAI(model="chat-model", api_key="anything", base_url="{gateway}", temperature=0.1)
print(chat.invoke("tell me why it's amazing in 1 sentence").content)
EOF
"""


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=4000, show_default=True)
@click.option("--emulator_port", type=click.IntRange(1, 65535), default=8765, show_default=True)
def demo(port: int, emulator_port: int) -> None:
    """Run the gateway in front of an emulated SageMaker; needs no AWS account."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)  # a shell's background job would ignore it
    try:
        _run(port, emulator_port)
    except KeyboardInterrupt:
        click.echo("\nStopped.")


def _run(port: int, emulator_port: int) -> None:
    gateway, emulator = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{emulator_port}"
    with tempfile.TemporaryDirectory(prefix="sagegate-demo-") as folder:
        config = Path(folder, "config.yaml")
        config.write_text(_CONFIG.format(emulator=emulator))
        with _running("emulator", "--port", str(emulator_port)) as playing:
            _wait_for(f"{emulator}/ping", playing)
            arguments = ("--config", str(config), "--host", "127.0.0.1", "--port", str(port))
            with _running("proxy", *arguments) as serving:
                _wait_for(f"{gateway}/health/readiness", serving)
                click.echo(_CALLS.format(gateway=gateway, python=_python()))
                if find_spec("openai") is None or find_spec("langchain_openai") is None:
                    click.echo("The Python calls need: pip install openai langchain-openai")
                _watch(playing, serving)


@contextmanager
def _running(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of ours for the block; it ends with the block."""
    # A key from the environment would lock the door that the printed calls walk through.
    environ = {key: value for key, value in os.environ.items() if key != "LITELLM_MASTER_KEY"}
    process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
        [sys.executable, "-m", module, *arguments], env=environ
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once the URL answers.

    Raises:
        CannotStart: the process has ended, or takes too long.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotStart("the demo can't start: see the line above")
        with suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False).is_success:
                return
        time.sleep(_POLL_SECONDS)
    raise CannotStart(f"nothing answers on {url} after {_START_SECONDS:g} seconds")


def _watch(*processes: subprocess.Popen[bytes]) -> None:
    """Wait until one of the processes has ended; Ctrl-C ends the wait as an exception."""
    while all(process.poll() is None for process in processes):
        time.sleep(_POLL_SECONDS)
    raise CannotStart("one of the demo's processes has ended: see the lines above")


def _python() -> str:
    """Give this interpreter as a user would type it here."""
    path = Path(sys.executable)
    with suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return shlex.quote(str(path))


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
