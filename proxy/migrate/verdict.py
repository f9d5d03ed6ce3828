"""What becomes of one key of a LiteLLM configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

#: From the best to the worst; `different` works, and not as in LiteLLM.
Kind = Literal["honoured", "different", "unset", "not used", "refused"]

#: The key of every section that has keys of its own, by the last names of its path.
SECTIONS: Final = frozenset(
    {
        "cache_params",
        "credential_list",
        "credential_values",
        "default_litellm_params",
        "discover",
        "general_settings",
        "keys",
        "litellm_params",
        "litellm_settings",
        "model_info",
        "model_list",
        "router_settings",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a key, wherever it stands.

    Args:
        key: Its path; an entry of a list is `[]`.
        kind: What becomes of it.
        note: Why, or what is different; empty where there is nothing to say.
        where: Where it stands, `file:line`, in the file's order.
    """

    key: str
    kind: Kind
    note: str
    where: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Give it for machines."""
        return {"key": self.key, "verdict": self.kind, "note": self.note, "where": [*self.where]}
