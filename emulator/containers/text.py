"""The text that built-in containers write: it quotes what arrived, in words of many alphabets.

Deterministic, so that tests can compare; cut into tokens without losing a byte.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

_QUOTED = 160  # characters of the prompt's end that are quoted
_TOKEN = re.compile(r"\s?\S{1,6}|\s")


def compose(prompt: str, parameters: Mapping[str, Any], component: str) -> str:
    """The answer to a prompt; it starts with a space and holds newlines, as models' texts do."""
    quoted = prompt if len(prompt) <= _QUOTED else "…" + prompt[-_QUOTED:]
    lines = [f" You said: “{quoted}”.", "Ça va, 世界? 🌍"]
    plain = [f"{name}={value}" for name, value in sorted(parameters.items()) if _plain(value)]
    if plain:
        lines.append(", ".join(plain))
    if component:
        lines.append(f"component: {component}")
    return "\n".join(lines)


def written(reply: str | None, prompt: str, parameters: Mapping[str, Any], component: str) -> str:
    """The fixed reply, or what is composed without one."""
    return compose(prompt, parameters, component) if reply is None else reply


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def tokens(text: str) -> list[str]:
    """Cuts a text into pieces that look like tokens; joined they are the text."""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """The number of tokens."""
    return len(tokens(text))


def cut_at_stop(pieces: Sequence[str], stops: Sequence[str]) -> list[str] | None:
    """The tokens up to and including the first stop text; `None` when none occurs."""
    text = "".join(pieces)
    ends = [place + len(stop) for stop in stops if (place := text.find(stop)) >= 0]
    if not ends:
        return None
    end = min(ends)
    starts = accumulate((len(piece) for piece in pieces), initial=0)
    return [
        piece[: end - start] for start, piece in zip(starts, pieces, strict=False) if start < end
    ]
