"""A file of rows that the processes of one machine map into their memory.

One lock guards all rows, held for microseconds; the kernel frees it when its holder dies. Each
process holds a place of its own for as long as it lives, and what a dead one held is found by its
place being free. Knows files, locks and where a scope's row is; refuses to know what is counted.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from adapters.errors import Overloaded
from proxy.limits.row import Row
from proxy.limits.window import WINDOW, Cells

CELL = 8
#: Scopes in one file, and how far from where it belongs a scope may lie.
ROWS = 1024
REACH = 128
#: Processes that may share one file.
PLACES = 64

_NAME = 2  # cells of a row that hold its scope's digest
_STRIDE = _NAME + Row.size(PLACES)
_SIZE = ROWS * _STRIDE * CELL

_PLACE = "place-"


class _Known(NamedTuple):
    """Where a scope was found; another process may have taken the row over since."""

    start: int
    name: tuple[int, int]
    row: Row


class Table:
    """The rows in one folder, and this process's place among those that share it.

    Args:
        folder: A folder that every process of this gateway is given, and nobody else.

    Raises:
        OSError: The folder can't be written, or the disk is full.
        ValueError: Too many processes share it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = _open(folder / "counts")
        try:
            with self.locked():
                _reserve_space(self._file)
                self._place, self._place_file = self._take_place()
        except BaseException:
            os.close(self._file)
            raise
        self._map = mmap.mmap(self._file, _SIZE)
        self._cells: Cells = memoryview(self._map).cast("q")
        self._known: dict[str, _Known] = {}
        with self.locked():
            self._forget(self._place)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep everybody else out; never across an await."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def row(self, scope: str, bucket: int) -> Row:
        """Give a scope's row, its own since before or taken over from an idle one. Needs the lock.

        Raises:
            Overloaded: Far more scopes are in use than the file has room for.
        """
        known = self._known.get(scope)
        if known is None or self._name_at(known.start) != known.name:
            known = self._known[scope] = self._find(scope, bucket)
        known.row.touch(bucket)
        return known.row

    def bury(self) -> bool:
        """Free the slots of processes that are no more. Needs the lock. Tells if there were any."""
        buried = False
        for path in self._folder.glob(f"{_PLACE}*"):
            place = int(path.name.removeprefix(_PLACE))
            if place != self._place:
                buried |= self._bury(place, path)
        return buried

    def close(self) -> None:
        """Give the place up and let go of the files."""
        with self.locked():
            self._forget(self._place)
            self._path(self._place).unlink(missing_ok=True)
        os.close(self._place_file)
        self._known.clear()
        if isinstance(self._cells, memoryview):
            self._cells.release()
        self._map.close()
        os.close(self._file)

    def _find(self, scope: str, bucket: int) -> _Known:
        if len(self._known) > ROWS:
            self._known.clear()
        digest = blake2b(scope.encode(), digest_size=2 * CELL).digest()
        name = _signed(digest[:CELL]), _signed(digest[CELL:])
        near = [(name[0] + step) % ROWS * _STRIDE for step in range(REACH)]
        start = next((start for start in near if self._name_at(start) == name), None)
        if start is None:
            start = next((start for start in near if self._is_free(start, bucket)), None)
        if start is None:
            raise Overloaded("Too many rate limits are in use at once.", retry_after=WINDOW)
        self._cells[start], self._cells[start + 1] = name
        return _Known(start, name, self._row(start))

    def _name_at(self, start: int) -> tuple[int, int]:
        return self._cells[start], self._cells[start + 1]

    def _is_free(self, start: int, bucket: int) -> bool:
        return self._name_at(start) == (0, 0) or self._row(start).is_idle(bucket)

    def _row(self, start: int) -> Row:
        return Row(self._cells, start + _NAME, PLACES, self._place)

    def _forget(self, place: int) -> None:
        for index in range(ROWS):
            self._row(index * _STRIDE).forget(place)

    def _bury(self, place: int, path: Path) -> bool:
        file = _open(path)
        try:
            dead = _lock_at_once(file)
            if dead:
                self._forget(place)
                path.unlink()
            return dead
        finally:
            os.close(file)

    def _take_place(self) -> tuple[int, int]:
        for place in range(PLACES):
            file = _open(self._path(place))
            if _lock_at_once(file):
                return place, file
            os.close(file)
        raise ValueError(f"{self._folder}: more than {PLACES} processes share these limits")

    def _path(self, place: int) -> Path:
        return self._folder / f"{_PLACE}{place}"


def _signed(digest: bytes) -> int:
    return int.from_bytes(digest, "little", signed=True)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock_at_once(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _reserve_space(file: int) -> None:
    """Write the zeros for real: a hole in a mapped file kills its writer once the disk is full."""
    if os.fstat(file).st_size < _SIZE:
        os.ftruncate(file, 0)
        os.write(file, bytes(_SIZE))
