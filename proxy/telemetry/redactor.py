"""What is taken out of texts before the log may have them: secrets, and what the operator names.

Knows one function from text to text; refuses to know where texts come from.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any, Final

from adapters.errors import ConfigError
from adapters.redaction import without_secrets

#: What it gives is looked at each time.
Redact = Callable[[str], object]

#: Stands for a text that the operator's function could not redact.
FAILED: Final = "[not redacted]"
_NAME: Final = re.compile(r"[A-Za-z_][\w.]*[.:][A-Za-z_]\w*")


class Redactor:
    """Takes secrets out of every text of a value, then what the operator's function takes out.

    Args:
        own: That function; None: nothing more.
    """

    def __init__(self, own: Redact | None = None) -> None:
        self._own = own

    def __call__(self, value: Any) -> Any:
        """Give a JSON value with each of its texts redacted; names of fields stay."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {name: self(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self(item) for item in value]
        return value

    def _text(self, text: str) -> str:
        text = without_secrets(text)
        if self._own is None:
            return text
        try:
            redacted = self._own(text)
        except Exception:  # noqa: BLE001 - theirs: no text is better than too much
            return FAILED
        return redacted if isinstance(redacted, str) else FAILED


def load(name: str) -> Redact:
    """Load the operator's function by `module.function`, or `module:function`.

    Raises:
        ConfigError: there is no such function.
    """
    where = ("litellm_settings", "redact_messages")
    if not _NAME.fullmatch(name):
        raise ConfigError("expected module.function, a function from text to text", path=where)
    module, _, function = name.replace(":", ".").rpartition(".")
    try:
        loaded = getattr(importlib.import_module(module), function)
    except Exception as error:
        # Somebody else's module: whatever it raises, the setting that named it is told.
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"can't load '{name}': {reason}", path=where) from error
    if not callable(loaded):
        raise ConfigError(f"'{name}' is no function", path=where)
    own: Redact = loaded
    return own
