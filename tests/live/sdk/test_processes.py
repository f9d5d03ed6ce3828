"""The SDK and the process around it: a light import, a quiet end, a fork."""

import gc
import os
import subprocess
import sys
from typing import Any

import sagegate
from tests.live.emulated import Emulated
from tests.live.processes import ROOT, clean_environment
from tests.live.sdk.conftest import variables

HELLO = [{"role": "user", "content": "Where is Köln?"}]
CHAT = "sagemaker_chat/my-chat"


def python(code: str, **environment: str) -> str:
    """Runs code in a fresh interpreter, which must end well and in silence; what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", code],
        cwd=ROOT,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    # what a busy machine takes its time for is no warning of ours
    told = [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]
    assert (done.returncode, told) == (0, [])
    return done.stdout.strip()


def test_the_import_is_light() -> None:
    """`import sagegate` loads no server, no AWS library, and nothing that only a call needs."""
    heavy = ("fastapi", "starlette", "yaml", "aioboto3", "botocore", "aiohttp", "pydantic", "proxy")
    code = f"import sagegate, sys; print(*(name for name in {heavy} if name in sys.modules))"
    assert python(code) == ""


def test_a_call_with_static_keys_loads_no_aws_library(emulated: Emulated) -> None:
    """Keys of the environment need no botocore; nor does a call need the proxy."""
    code = (
        f"import sagegate, sys; sagegate.completion({CHAT!r}, {HELLO!r}); "
        "print(*(name for name in ('botocore', 'fastapi', 'proxy') if name in sys.modules))"
    )
    assert python(code, **variables(emulated)) == ""


def test_the_end_of_a_process_is_quiet(emulated: Emulated) -> None:
    """A process that just ends, with a stream half read, leaves no warning and no open call."""
    emulated.fault("my-chat", "slow_records", seconds=0.2)
    code = (
        f"import sagegate; s = sagegate.completion({CHAT!r}, {HELLO!r}, stream=True); "
        "print(next(s).choices[0].delta.role)"
    )
    assert python(code, **variables(emulated)) == "assistant"
    assert emulated.counts(open=0, cut=1)["cut"] == 1


def test_verbose_shows_itself(emulated: Emulated) -> None:
    """A script that sets `set_verbose`, and no logging, sees the request on standard error."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                f"import sagegate; sagegate.set_verbose = True; sagegate.completion({CHAT!r}, "
                f"{HELLO!r}); list(sagegate.completion({CHAT!r}, {HELLO!r}, stream=True))"
            ),
        ],
        cwd=ROOT,
        env=clean_environment(**variables(emulated)),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["request", "answer", "request"]
    assert "Credential" not in done.stderr


def test_a_forked_child_has_its_own_way(emulated: Emulated) -> None:
    """After a fork both processes call, and the child's end breaks no stream of the parent's."""
    sagegate.completion(CHAT, HELLO)
    emulated.fault("my-chat", "slow_records", seconds=0.05)
    stream = sagegate.completion(CHAT, HELLO, stream=True)
    whole: list[Any] = [next(stream)]

    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        code = 1
        try:
            stream.close()
            del stream
            gc.collect()
            code = 0 if "Köln" in sagegate.completion(CHAT, HELLO).choices[0].message.content else 2
            sagegate.close()
        finally:
            os._exit(code)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    whole += list(stream)
    assert whole[-1].choices[0].finish_reason == "stop"
    sagegate.completion(CHAT, HELLO)
    assert emulated.counts(open=0)["cut"] == 0
    assert len(emulated.requests()) == 4
