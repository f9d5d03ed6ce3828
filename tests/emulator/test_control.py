import base64

import pytest

from emulator.server import running_emulator
from emulator.settings import Settings, parse
from tests.emulator.callers import TGI, Emulated


def test_journal_keeps_the_last(settings: Settings) -> None:
    """The journal holds the last N requests, oldest first, with their exact bytes."""
    with (
        running_emulator(settings.model_copy(update={"journal": 2})) as url,
        Emulated(url) as emulated,
    ):
        for number in range(3):
            emulated.invoke("demo-tgi", {"inputs": str(number)})
        bodies = [base64.b64decode(each["body_base64"]) for each in emulated.requests()]
        assert bodies == [b'{"inputs": "1"}', b'{"inputs": "2"}']
        emulated.forget()
        assert emulated.requests() == []


def test_journal_by_endpoint(emulated: Emulated) -> None:
    """The journal can be read for one endpoint."""
    emulated.invoke("demo-tgi", TGI)
    emulated.invoke("demo-embed", {"inputs": "x"})
    assert [each["endpoint"] for each in emulated.requests(endpoint="demo-embed")] == ["demo-embed"]


def test_journal_keeps_refused_requests(emulated: Emulated) -> None:
    """A request that AWS refused is in the journal, with the refusal as its outcome."""
    emulated.http.post("/endpoints/demo-tgi/invocations", content=b"x")
    (entry,) = emulated.requests()
    assert entry["outcome"] == "403 MissingAuthenticationTokenException"
    assert entry["operation"] == "invoke"


def test_counts(emulated: Emulated) -> None:
    """Nothing is open once everything is answered."""
    emulated.invoke("demo-tgi", TGI)
    assert emulated.counts(open=0) == {"open": 0, "cut": 0}


def test_counts_are_numbers(emulated: Emulated) -> None:
    """A count that is not a number is refused."""
    assert emulated.http.get("/_emulator/open", params={"open": "x"}).status_code == 400


def test_counts_are_waited_for(emulated: Emulated) -> None:
    """Waiting for a count that does not come ends with 408 and the counts as they are."""
    answer = emulated.http.get("/_emulator/open", params={"open": 1, "seconds": 0})
    assert answer.status_code == 408
    assert answer.json() == {"open": 0, "cut": 0}


def test_faults_are_listed(emulated: Emulated) -> None:
    """The list shows each fault with its options and the invocations left."""
    emulated.fault("demo-tgi", "model_error", status=418, times=2)
    with pytest.raises(Exception, match="418"):
        emulated.invoke("demo-tgi", TGI)
    (listed,) = emulated.http.get("/_emulator/faults").json()
    assert listed["endpoint"] == "demo-tgi"
    assert (listed["fault"], listed["status"], listed["times"]) == ("model_error", 418, 1)


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ({"endpoint": "demo-tgi", "fault": "nonsense"}, "nonsense"),
        ({"endpoint": "demo-tgi", "fault": "throttling", "after": 1}, "after"),
        ({"endpoint": "a_b", "fault": "throttling"}, "endpoint"),
        ({"endpoint": "demo-tgi", "fault": "cuts", "cuts": "random:x"}, "cuts"),
        ([], "valid"),
    ],
)
def test_bad_orders(emulated: Emulated, order: object, text: str) -> None:
    """A fault that does not exist, or has an option that is not its own, is refused by name."""
    answer = emulated.http.post("/_emulator/faults", json=order)
    assert answer.status_code == 400
    assert text in answer.json()["error"]


def test_unknown_endpoint(emulated: Emulated) -> None:
    """A fault for an endpoint that is not served is refused, not kept for ever."""
    order = {"endpoint": "nowhere", "fault": "reset"}
    answer = emulated.http.post("/_emulator/faults", json=order)
    assert (answer.status_code, answer.json()) == (404, {"error": "there is no endpoint nowhere"})


def test_orders_are_json(emulated: Emulated) -> None:
    """An order that is not JSON is refused."""
    assert emulated.http.post("/_emulator/faults", content=b"{").status_code == 400


def test_configured_faults() -> None:
    """Faults of the configuration happen from the start."""
    faults = [{"fault": "throttling", "times": 1}]
    settings = parse({"endpoints": {"a": {"kind": "tgi", "faults": faults}}}, "test")
    with running_emulator(settings) as url, Emulated(url) as emulated:
        with pytest.raises(Exception, match="ThrottlingException"):
            emulated.invoke("a", TGI)
        assert emulated.invoke("a", TGI)
