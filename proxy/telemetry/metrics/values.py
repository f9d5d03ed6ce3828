"""Where numbers live: in this process, or in files that all workers of a gateway map into memory.

Whoever imports this has the numbers of metrics in this process, unless it says otherwise.

The files have prometheus_client's own form, so that its collector reads them; unlike its own values
these need no variable of the environment, which a reload would take away, and no lock, since each
file has one writer. What a killed worker has counted is still there.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from prometheus_client import (
    CollectorRegistry,
    Metric,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

#: Untyped as they are.
_Mapped: Final[Any] = MmapedDict
_Files: Final[Any] = MultiProcessCollector
_no_birthdays: Final[Any] = disable_created_metrics

_FOLDER: Final = "metrics"
_LOCK: Final = "lock"
#: Stands for all workers that are gone, where a worker's file has its process id.
_DEAD: Final = "0"
#: Bytes of a number in a file.
_SIZE: Final = 8
#: Files whose numbers outlive their worker.
_KEPT: Final = ("counter", "histogram")


class _File:
    """A file of numbers, of which each has its cell.

    The file is mapped anew as it grows; what is written to an older map is in the file all the
    same.
    """

    def __init__(self, name: str) -> None:
        self._numbers: Any = _Mapped(name)
        self._map: Any = None
        self._maps: list[memoryview[float]] = []

    def cell(self, key: str) -> Cell:
        """Give where a number lies, which is 0 if there was none."""
        numbers = self._numbers
        numbers.read_value(key)
        if self._map is not numbers._m:  # noqa: SLF001 - it has no other name
            self._map = numbers._m  # noqa: SLF001 - the same
            self._maps.append(memoryview(self._map).cast("d"))
        return self._maps[-1], numbers._positions[key] // _SIZE  # noqa: SLF001 - the same

    def write(self, key: str, value: float, timestamp: float) -> None:
        """Replace a number."""
        self._numbers.write_value(key, value, timestamp)

    def close(self) -> None:
        """Close it; nothing is counted any more."""
        for each in self._maps:
            each.release()
        self._numbers.close()


@contextmanager
def kept_shared(shared: Path, process: int) -> Iterator[None]:
    """Keep the numbers of metrics made from now on in a process's files, open for the block.

    Args:
        shared: The workers' folder.
        process: This one's id.
    """
    folder = shared / _FOLDER
    folder.mkdir(exist_ok=True)
    files: dict[str, _File] = {}

    def file_of(kind: str) -> _File:
        if kind not in files:
            files[kind] = _File(str(folder / f"{kind}_{process}.db"))
        return files[kind]

    before = values.ValueClass
    # the class that prometheus_client makes its metrics' values of
    values.ValueClass = type("SharedValue", (_SharedValue,), {"file_of": staticmethod(file_of)})
    try:
        yield
    finally:
        values.ValueClass = before
        for file in files.values():
            file.close()


#: Where a number lies: in what, and the how manieth there. Who counts much adds to it there.
Cell = tuple[Any, int]


class _Value:
    """One number, in prometheus_client's interface; without a lock: one thread counts."""

    cell: Cell

    def inc(self, amount: float) -> None:
        """Add to it."""
        numbers, at = self.cell
        numbers[at] += amount

    def get(self) -> float:
        """Give it."""
        numbers, at = self.cell
        value: float = numbers[at]
        return value


class _OwnValue(_Value):
    """One number in this process's memory."""

    _multiprocess = False

    def __init__(self, *_: object, **__: object) -> None:
        self.cell = ([0.0], 0)

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Replace it."""
        del timestamp
        self.cell[0][0] = value

    def get_exemplar(self) -> None:
        """Give the request that it stands for: none does."""


# `prometheus_client` asks here for each number that it makes: from now on those of this process
_no_birthdays()  # half as many lines again, for what nobody asks
values.ValueClass = _OwnValue


class _SharedValue(_Value):
    """One number in a process's file."""

    _multiprocess = True
    file_of: Callable[[str], _File]

    def __init__(  # noqa: PLR0917 - prometheus_client passes them so
        self,
        typ: str,
        metric_name: str,
        name: str,
        labelnames: list[str],
        labelvalues: list[str],
        help_text: str,
        multiprocess_mode: str = "",
        **_: Any,
    ) -> None:
        self._file = self.file_of(f"gauge_{multiprocess_mode}" if typ == "gauge" else typ)
        self._key = mmap_key(metric_name, name, labelnames, labelvalues, help_text)
        self.cell = self._file.cell(self._key)

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Replace it."""
        self._file.write(self._key, value, timestamp or 0.0)


class _AllWorkers(Collector):
    """Reads what all workers have counted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._collector = _Files(None, str(folder))

    def collect(self) -> Iterable[Metric]:
        """Give every metric, as the sum, or the largest, of all."""
        with _locked(self._folder, fcntl.LOCK_SH):
            return list(self._collector.collect())


def page(registry: CollectorRegistry, shared: Path | None) -> bytes:
    """Give all numbers in Prometheus's text form; takes a while with many workers."""
    if shared is None:
        return generate_latest(registry)
    everyone = CollectorRegistry()
    everyone.register(_AllWorkers(shared / _FOLDER))
    return generate_latest(everyone)


def bury(shared: Path, process: int) -> None:
    """Take over what a worker that is gone has counted; forget how things stood with it."""
    folder = shared / _FOLDER
    with suppress(FileNotFoundError), _locked(folder, fcntl.LOCK_EX):
        for path in folder.glob(f"*_{process}.db"):
            if path.name.startswith(_KEPT):
                _add(path, folder / path.name.replace(f"_{process}.", f"_{_DEAD}."))
            path.unlink()


def _add(path: Path, total: Path) -> None:
    sums = _Mapped(str(total))
    try:
        for key, value, *_ in _Mapped.read_all_values_from_file(str(path)):
            sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
    finally:
        sums.close()


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    """Hold the folder's lock: whoever reads must not see a worker twice, or not at all."""
    with (folder / _LOCK).open("a", encoding="ascii") as file:
        fcntl.flock(file, how)
        yield
