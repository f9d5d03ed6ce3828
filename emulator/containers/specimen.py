"""The smallest honest value that fits a JSON schema: tool arguments and structured answers.

Knows the keywords that function schemas use. Refuses references and combinations: they give null.
"""

from collections.abc import Mapping
from typing import Any

_PLAIN: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True}


def specimen(schema: Any) -> Any:
    """A value that fits the schema; every property of an object is present. No schema, no value."""
    if not isinstance(schema, Mapping):
        return None
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    listed = schema.get("enum")
    return listed[0] if isinstance(listed, list) and listed else _typed(schema)


def _typed(schema: Mapping[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties")
        named = properties if isinstance(properties, Mapping) else {}
        return {name: specimen(inner) for name, inner in named.items()}
    if kind == "array":
        return [specimen(schema.get("items", {}))]
    return _PLAIN.get(str(kind))
