"""Whoever guesses keys makes nothing work hard, and learns nothing (cases A3 to A5)."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.proxy.keys.office import error_of, opened, shown
from tests.proxy.served import KEY

#: Of one look at the database: the transaction's beginning, and the question.
_STATEMENTS = 2
#: Looks in a second, at most: those for unknown keys, and the usual one.
_LOOKS = 11


@contextmanager
def counted() -> Iterator[list[str]]:
    """Give what any database of this process is asked within the block."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_a03_a_thousand_wrong_keys(database: str) -> None:
    """A3: wrong keys at once share looks at the database: ten a second, however many they are.

    A key that is known waits for none of them.
    """
    async with opened(database) as office:
        good = (await office.made())["key"]
        with counted() as said:
            began = time.monotonic()
            wrong = [
                asyncio.create_task(office.status(f"sk-nobody-has-this-{n}")) for n in range(1000)
            ]
            assert await office.status(good) == 200
            assert set(await asyncio.gather(*wrong)) == {401}
            seconds = time.monotonic() - began
        assert len(said) <= _STATEMENTS * (_LOOKS * seconds + 2)
        assert len(said) < 300
        assert not [each for each in said if "sagegate_keys" in each]


async def test_a03_one_wrong_key_after_the_other(sqlite: str) -> None:
    """A3: whoever tries one key after the other gets ten answers a second."""
    async with opened(sqlite) as office:
        began = time.monotonic()
        for number in range(12):
            assert await office.status(f"sk-nobody-has-this-{number}") == 401
        assert time.monotonic() - began > 0.9


async def test_a05_only_digests_are_compared(sqlite: str) -> None:
    """A5: once a request is over nothing in the process that keys are looked up in has one.

    Whole digests are looked up, so how much of a wrong key is right makes no difference.
    """
    async with opened(sqlite) as office:
        key = (await office.made())["key"]
        assert await office.status(key) == 200
        tables = [
            each
            for each in gc.get_objects()
            if type(each).__name__ in {"Keyring", "LiveKeys", "Caller", "Account", "KeyRecord"}
        ]
        assert tables
        for each in tables:
            for name in getattr(type(each), "__slots__", None) or vars(each):
                held = repr(getattr(each, name, None))
                assert key not in held
                assert key[3:20] not in held
        for wrong in (f"x{key[1:]}", f"{key[:-1]}x", key[:-1], f"{key}x", key[:20]):
            answer = await office.client.get("/v1/models", headers=shown(wrong))
            assert (answer.status_code, error_of(answer)["message"]) == (
                401,
                "The API key is not valid.",
            )


@pytest.mark.parametrize("shared", [8, 20, 64, 128])
async def test_a04_virtual_keys_that_begin_alike(sqlite: str, shared: int) -> None:
    """A4: virtual keys with the same first characters, or last ones, are different keys."""
    same = "k" * shared
    async with opened(sqlite) as office:
        for end, models in (("one-of-these", ["chat"]), ("two-of-these", ["text"])):
            await office.made(key=f"{same}-{end}", models=models)
            await office.made(key=f"{end}-{same}", models=models)
        for end, model, other in (
            ("one-of-these", "chat", "text"),
            ("two-of-these", "text", "chat"),
        ):
            for key in (f"{same}-{end}", f"{end}-{same}"):
                assert (await office.chat(key, other)).status_code == 403
                answer = await office.client.get("/v1/models", headers=shown(key))
                assert [each["id"] for each in answer.json()["data"]] == [model]
        for wrong in (same, f"{same}-", f"{same}-three-of-these"):
            assert await office.status(wrong) == 401


async def test_a11_what_is_shown_of_a_key_opens_nothing(sqlite: str) -> None:
    """A11: a key's digest and its name are no keys, nor is the master key's digest."""
    async with opened(sqlite) as office:
        made = await office.made(key_alias="team-a")
        for value in (made["token"], made["key_name"], "team-a", f"sha256:{made['token']}"):
            assert await office.status(value) == 401
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        assert await office.status(digest) == 401
