"""The emulator seen from a test: its faults, its journal, its counts, over its control routes."""

import json
from typing import Any

import httpx

from tests.live.leaks import assert_body_is_clean

Entry = dict[str, Any]


class Emulated:
    """A running emulator process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=30)

    def close(self) -> None:
        """Closes the connection to it."""
        self._http.close()

    def fault(self, endpoint: str, fault: str, **options: Any) -> None:
        """Scripts a fault."""
        order = {"endpoint": endpoint, "fault": fault, **options}
        answer = self._http.post("/_emulator/faults", json=order)
        assert answer.status_code == httpx.codes.NO_CONTENT, answer.text

    def requests(self, endpoint: str | None = None) -> list[Entry]:
        """What arrived since `forget`; every body is checked for what must never be in one."""
        entries = self.unchecked(endpoint)
        for entry in entries:
            assert_body_is_clean(entry["body"])
        return entries

    def unchecked(self, endpoint: str | None = None) -> list[Entry]:
        """The same without that check, for bodies that name settings in their texts."""
        query = {} if endpoint is None else {"endpoint": endpoint}
        entries: list[Entry] = self._http.get("/_emulator/requests", params=query).json()
        return entries

    def only(self, endpoint: str | None = None) -> Entry:
        """The only request that arrived."""
        entries = self.requests(endpoint)
        assert len(entries) == 1, [(each["operation"], each["body"]) for each in entries]
        return entries[0]

    def body(self, endpoint: str | None = None) -> Any:
        """The only request's body, parsed."""
        return json.loads(self.only(endpoint)["body"])

    def operations(self, endpoint: str | None = None) -> list[str]:
        """Which operations were called, in order."""
        return [entry["operation"] for entry in self.requests(endpoint)]

    def counts(self, **until: int) -> dict[str, int]:
        """The open and cut counts, once they are as given (within ten seconds)."""
        answer = self._http.get("/_emulator/open", params=until)
        assert answer.status_code == httpx.codes.OK, answer.text
        counts: dict[str, int] = answer.json()
        return counts

    def forget(self) -> None:
        """Clears faults and journal."""
        self._http.delete("/_emulator/faults").raise_for_status()
        self._http.delete("/_emulator/requests").raise_for_status()
