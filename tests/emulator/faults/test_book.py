from typing import Any

from pydantic import TypeAdapter

from emulator.faults import Fault
from emulator.faults.book import FaultBook

_ADAPTER: TypeAdapter[Any] = TypeAdapter(Fault)


def fault(name: str, **options: Any) -> Any:
    """A fault by its name."""
    return _ADAPTER.validate_python({"fault": name, **options})


def names(book: FaultBook, operation: Any = "stream") -> list[str]:
    """What happens to the next invocation."""
    script = book.take("e", operation)
    refusals = [script.refusal.model_dump()["fault"]] if script.refusal else []
    return refusals + [each.model_dump()["fault"] for each in script.disturbances]


def test_times() -> None:
    """A fault happens as often as it says, and refusals one after the other."""
    book = FaultBook({})
    book.add("e", fault("throttling", times=2))
    book.add("e", fault("model_error", times=1))
    assert [names(book) for _ in range(4)] == [["throttling"], ["throttling"], ["model_error"], []]


def test_refusals_use_nothing_else_up() -> None:
    """Disturbances wait until no refusal answers, then act together."""
    book = FaultBook({})
    book.add("e", fault("reset", times=1))
    book.add("e", fault("cuts"))
    book.add("e", fault("throttling", times=1))
    assert [names(book) for _ in range(3)] == [["throttling"], ["reset", "cuts"], ["cuts"]]


def test_operations() -> None:
    """A fault of streams, or of one operation, is not used up by the other."""
    book = FaultBook({})
    book.add("e", fault("truncated_frame", times=1))
    book.add("e", fault("throttling", times=1, operation="invoke"))
    assert names(book, "invoke") == ["throttling"]
    assert names(book, "invoke") == []
    assert names(book) == ["truncated_frame"]


def test_other_endpoints() -> None:
    """A fault concerns its own endpoint only."""
    book = FaultBook({"other": [fault("reset")]})
    assert names(book) == []


def test_restore() -> None:
    """Restoring forgets what was added and counts the configured ones anew."""
    book = FaultBook({"e": [fault("reset", times=1)]})
    book.add("e", fault("throttling"))
    assert [each.fault for _, each, _ in book] == ["reset", "throttling"]
    assert [names(book), names(book)] == [["throttling"], ["throttling"]]
    book.restore()
    assert [names(book), names(book)] == [["reset"], []]
    assert list(book) == []


def test_lasts() -> None:
    """A fault with an end goes on for so long after it was met first, however often that is."""
    now = [0.0]
    book = FaultBook({}, lambda: now[0])
    book.add("e", fault("no_capacity", lasts=5))
    now[0] = 100.0
    assert names(book) == ["no_capacity"]
    now[0] = 104.9
    assert names(book) == ["no_capacity"]
    assert len(list(book)) == 1
    now[0] = 105.0
    assert names(book) == []
    assert list(book) == []
