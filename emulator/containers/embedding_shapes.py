"""The shapes in which embedding containers wrap their vectors."""

from collections.abc import Callable, Sequence
from typing import Any

from emulator.containers.text import count
from emulator.containers.vectors import Source, of_tokens

_Row = list[float]
_KEYS = {"embedding", "embeddings", "vectors", "outputs"}


def shaped(shape: str, rows: Sequence[_Row], sources: Sequence[Source], *, flat: bool) -> Any:
    """The rows of some sources as one JSON document; `flat` unwraps a single row."""
    if shape in _SHAPES:
        return _SHAPES[shape](rows, sources)
    vectors = rows[0] if flat and len(rows) == 1 else rows
    return {shape: vectors} if shape in _KEYS else vectors


def _tokens(rows: Sequence[_Row], sources: Sequence[Source]) -> list[list[_Row]]:
    """A vector for each token of each source, whose mean is the source's row."""
    return [of_tokens(row, _size(each)) for row, each in zip(rows, sources, strict=True)]


def _size(source: Source) -> int:
    return count(source) if isinstance(source, str) else len(source)


def _numbered(index: int, row: _Row) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": row}


#: The shapes that are more than rows, or rows under a key.
_SHAPES: dict[str, Callable[[Sequence[_Row], Sequence[Source]], Any]] = {
    "tokens": _tokens,
    "layered": lambda rows, sources: [[each] for each in _tokens(rows, sources)],
    "data": lambda rows, _: {"data": [_numbered(*each) for each in enumerate(rows)]},
    "objects": lambda rows, _: [{"embedding": row} for row in rows],
}
