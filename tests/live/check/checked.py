"""`sagegate check` run as users run it, and what it says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY, assert_log_is_clean
from tests.live.processes import Process, clean_environment
from tests.live.serving import Yaml, model, written

KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


@dataclass(frozen=True)
class Checked:
    """How the command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The document of `--json`."""
        return json.loads(self.out)

    def found(self, model: str) -> dict[str, str]:
        """The levels found for a model, by what was looked at."""
        (deployment,) = [each for each in self.document["deployments"] if each["model"] == model]
        return {each["check"]: each["level"] for each in deployment["findings"]}


class Checker:
    """Runs the command on a configuration, with AWS at one address, or at its own ones."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self._folder = folder
        self._url = url

    def __call__(
        self,
        *flags: str,
        models: list[Yaml],
        variables: Mapping[str, str] = KEYS,
        settings: Yaml | None = None,
    ) -> Checked:
        """Runs it to its end; whatever it says, no secret is in it."""
        path = self._folder / "config.yaml"
        path.write_text(written({"model_list": models, **(settings or {})}), encoding="utf-8")
        address = {} if self._url is None else {"AWS_ENDPOINT_URL": self._url}
        environment = clean_environment(**{**address, "AWS_REGION": REGION, **variables})
        process = Process(["-m", "proxy", "check", "--config", str(path), *flags], environment)
        try:
            checked = Checked(process.ended(), process.out, process.err)
        finally:
            process.kill()
        assert_log_is_clean(checked.out + checked.err)
        assert "Traceback" not in checked.err
        return checked


def chat(name: str, endpoint: str, **params: Any) -> Yaml:
    """A model with the Messages API."""
    return model(name, f"sagemaker_chat/{endpoint}", **params)
