"""/key/…: what an administrator can do with virtual keys, on both kinds of database."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.base import Json
from proxy.keys.bodies import Terms
from tests.proxy.keys.office import error_of, opened, shown
from tests.proxy.served import KEY, served

#: LiteLLM's fields of a key that are not honoured: `docs/keys.md` says why.
LITELLMS_OTHERS = (
    *("organization_id", "project_id", "agent_id", "budget_id", "access_group_ids"),
    *("send_invite_email", "object_permission", "config", "router_settings"),
    *("allowed_cache_controls", "allowed_passthrough_routes", "allowed_vector_store_indexes"),
    *("temp_budget_increase", "temp_budget_expiry", "rpm_limit_type", "tpm_limit_type"),
    *("guardrails", "disable_global_guardrails", "prompts", "enforced_params"),
    *("auto_rotate", "rotation_interval"),
)


async def test_a_key_from_its_making_to_its_end(database: str) -> None:
    """A key works at once, says what it is for, is switched off and on, and ends for ever."""
    async with opened(database) as office:
        made = await office.made(key_alias="team-a", models=["chat"], metadata={"owner": "a"})
        key = made["key"]
        digest = hashlib.sha256(key.encode()).hexdigest()
        assert key.startswith("sk-")
        assert made["token"] == digest
        assert made["key_name"] == f"sk-...{key[-4:]}"
        assert (await office.chat(key)).status_code == 200
        assert (await office.chat(key, "text")).status_code == 403

        info = await office.info(digest)
        assert info == {name: value for name, value in made.items() if name != "key"}
        assert (await office.listed())["keys"] == [digest]

        assert (await office.post("/key/block", key=key)).json()["blocked"] is True
        refused = await office.chat(key)
        assert (refused.status_code, error_of(refused)["code"]) == (401, "key_blocked")
        assert (await office.post("/key/unblock", key=digest)).json()["blocked"] is False
        assert (await office.chat(key)).status_code == 200

        ended = await office.post("/key/delete", keys=[key])
        assert ended.json() == {"deleted_keys": [digest]}
        assert await office.status(key) == 401
        assert (await office.client.get("/key/info", params={"key": key})).status_code == 404
        assert await office.listed() == {
            "keys": [],
            "total_count": 0,
            "current_page": 1,
            "total_pages": 0,
        }


async def test_update(database: str) -> None:
    """What is named changes at once, null lifts it, and what is not named stays."""
    async with opened(database) as office:
        made = await office.made(models=["chat"], rpm_limit=5, tags=["x"], duration="1h")
        changed = await office.post("/key/update", key=made["key"], models=["text"], rpm_limit=None)
        assert changed.status_code == 200
        body = changed.json()
        assert (body["models"], body["rpm_limit"], body["tags"]) == (["text"], None, ["x"])
        assert body["expires"] == made["expires"]
        assert body["key"] == made["token"]
        assert (await office.chat(made["key"])).status_code == 403
        lifted = await office.post("/key/update", key=made["token"], models=None, duration=None)
        assert (lifted.json()["models"], lifted.json()["expires"]) == ([], None)
        assert (await office.chat(made["key"])).status_code == 200


async def test_regenerate(database: str) -> None:
    """A new key of the same kind takes the place of the old one, which is none any more."""
    async with opened(database) as office:
        made = await office.made(key_alias="team-a", models=["chat"])
        fresh = (await office.post("/key/regenerate", key=made["key"], rpm_limit=9)).json()
        assert fresh["key"] != made["key"]
        assert (fresh["key_alias"], fresh["models"], fresh["rpm_limit"]) == ("team-a", ["chat"], 9)
        assert await office.status(made["key"]) == 401
        assert await office.status(fresh["key"]) == 200
        assert (await office.listed())["total_count"] == 1


async def test_lists(database: str) -> None:
    """Lists come in pages, the newest first, in full if asked, and by alias or digest."""
    async with opened(database) as office:
        made = [await office.made(key_alias=f"k{index}") for index in range(3)]
        tokens = [each["token"] for each in reversed(made)]
        first = await office.listed(size=2)
        assert first == {
            "keys": tokens[:2],
            "total_count": 3,
            "current_page": 1,
            "total_pages": 2,
        }
        assert (await office.listed(size=2, page=2))["keys"] == tokens[2:]
        full = await office.listed(return_full_object="true", key_alias="k1")
        assert [each["key_alias"] for each in full["keys"]] == ["k1"]
        assert (await office.listed(key_hash=tokens[0]))["keys"] == tokens[:1]
        for query in ({"page": "0"}, {"size": "x"}, {"page": "9" * 30}):
            assert (await office.client.get("/key/list", params=query)).status_code == 400


async def test_delete_by_alias(database: str) -> None:
    """Aliases end keys too; with one that is nobody's nothing is ended."""
    async with opened(database) as office:
        made = await office.made(key_alias="team-a")
        wrong = await office.post("/key/delete", key_aliases=["team-a", "nobody"])
        assert wrong.status_code == 404
        assert await office.status(made["key"]) == 200
        right = await office.post("/key/delete", key_aliases=["team-a"])
        assert right.json() == {"deleted_keys": [made["token"]]}
        assert await office.status(made["key"]) == 401


async def test_names_are_taken_once(database: str) -> None:
    """An alias belongs to one key, until that ends; a key that has ended never comes back."""
    async with opened(database) as office:
        own = "sk-my-very-own-key"
        made = await office.made(key=own, key_alias="team-a")
        assert made["key"] == own
        other = await office.made()
        for refused in (
            await office.post("/key/generate", key_alias="team-a"),
            await office.post("/key/generate", key=own),
            await office.post("/key/update", key=other["key"], key_alias="team-a"),
        ):
            assert (refused.status_code, error_of(refused)["code"]) == (400, "key_alias_taken")
        await office.post("/key/delete", keys=[own])
        assert (await office.post("/key/generate", key=own)).status_code == 400
        assert (await office.made(key_alias="team-a"))["key_alias"] == "team-a"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"role": "admin"}, "role"),
        ({"user_id": "root"}, "user_id"),
        ({"user_role": "proxy_admin"}, "user_role"),
        ({"team_id": "t"}, "team_id"),
        ({"permissions": {}}, "permissions"),
        *(({name: None}, name) for name in LITELLMS_OTHERS),
        ({"soft_budget": 1}, "soft_budget"),
        ({"model_max_budget": {}}, "model_max_budget"),
        ({"is_admin": True}, "is_admin"),
        ({"digest": "x"}, "digest"),
        ({"spend": -5}, "spend"),
        ({"allowed_routes": ["/key/generate"]}, "allowed_routes"),
        ({"allowed_routes": ["/key/*"]}, "allowed_routes"),
        ({"allowed_routes": ["management_routes"]}, "allowed_routes"),
        ({"allowed_routes": ["/config/reload"]}, "allowed_routes"),
        ({"allowed_routes": "/chat/completions"}, "allowed_routes"),
        ({"key_type": "management"}, "key_type"),
        ({"key_alias": "admin"}, "key_alias"),
        ({"key_alias": "a\nb"}, "key_alias"),
        ({"key_alias": "x" * 201}, "key_alias"),
        ({"duration": "soon"}, "duration"),
        ({"duration": "-1s"}, "duration"),
        ({"budget_duration": "0d"}, "budget_duration"),
        ({"max_budget": -1}, "max_budget"),
        ({"max_budget": "5"}, "max_budget"),
        ({"rpm_limit": 1.5}, "rpm_limit"),
        ({"rpm_limit": True}, "rpm_limit"),
        ({"models": ["a*b*"]}, "models[0]"),
        ({"models": [""]}, "models[0]"),
        ({"models": "chat"}, "models"),
        ({"aliases": {"a": 1}}, "aliases"),
        ({"metadata": {"x": "y" * 20_000}}, "metadata"),
        ({"key": "short"}, "key"),
        ({"blocked": "no"}, "blocked"),
    ],
    ids=str,
)
async def test_a07_what_a_body_may_not_say(sqlite: str, body: Json, param: str) -> None:
    """A7: unknown, privileged and ill-formed fields are 400 by name, and nothing is stored."""
    async with opened(sqlite) as office:
        made = await office.made(key_alias="before")
        for path, more in (("generate", {}), ("update", {"key": made["key"]})):
            if path == "update" and ("key" in body or "key_type" in body):
                continue
            answer = await office.post(f"/key/{path}", **{**more, **body})
            assert answer.status_code == 400, answer.text
            assert error_of(answer)["param"].startswith(param)
        full = await office.listed(return_full_object="true")
        assert full["keys"] == [{name: made[name] for name in made if name != "key"}]


async def test_a06_keys_are_no_administrators(sqlite: str) -> None:
    """A6: a virtual key is 403 on every route of the administrator, whatever it is for."""
    async with opened(sqlite) as office:
        made = await office.made(allowed_routes=["llm_api_routes"])
        for method, path in (
            *(("POST", f"/key/{name}") for name in ("generate", "update", "delete", "block")),
            *(("POST", f"/key/{name}") for name in ("unblock", "regenerate")),
            *(("GET", path) for path in ("/key/info", "/key/list", "/spend/logs")),
        ):
            answer = await office.client.request(method, path, headers=shown(made["key"]))
            assert (answer.status_code, error_of(answer)["code"]) == (403, "admin_only")
            nobody = await office.client.request(
                method, path, headers=shown("sk-nobodys-key-at-all")
            )
            assert nobody.status_code == 401


@pytest.mark.parametrize("key", ["' OR 1=1--", "%", "*", "sk-", "0" * 64, "\u00e9", "x" * 5000])
async def test_a03_keys_that_are_queries(database: str, key: str) -> None:
    """A3: whatever is shown as a key is looked up as a digest: 401, and the keys stay."""
    async with opened(database) as office:
        made = await office.made()
        for value in (key.encode(), f"{made['token']}".encode()):
            headers = {b"authorization": b"Bearer " + value}
            assert (await office.client.get("/v1/models", headers=headers)).status_code == 401
        assert (await office.client.get("/key/info", params={"key": key})).status_code == 404
        answer = await office.client.get("/key/list", params={"key_alias": key})
        assert answer.json()["keys"] == []
        assert await office.status(made["key"]) == 200


async def test_the_database_has_no_key(sqlite: str) -> None:
    """Only digests are kept: neither a key nor most of it is in the file, which is its owner's."""
    async with opened(sqlite) as office:
        key = (await office.made())["key"]
    content = _content(Path(sqlite.removeprefix("sqlite:///")))
    assert key.encode() not in content
    assert key[3:20].encode() not in content
    assert hashlib.sha256(key.encode()).hexdigest().encode() in content


def _content(path: Path) -> bytes:
    assert path.stat().st_mode & 0o777 == 0o600
    return b"".join(each.read_bytes() for each in path.parent.iterdir())


async def test_keys_survive_a_restart(database: str) -> None:
    """What was made is there after a restart, with all that it was for."""
    async with opened(database) as office:
        made = await office.made(models=["chat"], aliases={"c": "chat"}, duration="2w")
    async with opened(database) as office:
        assert (await office.chat(made["key"], "c")).status_code == 200
        assert (await office.chat(made["key"], "text")).status_code == 403
        expires = datetime.fromisoformat(made["expires"])
        assert 13 < (expires - datetime.now(UTC)).days + 1 <= 14


async def test_an_expired_key(sqlite: str) -> None:
    """A9: once its time is over a key is a 401."""
    async with opened(sqlite) as office:
        made = await office.made(duration="1h")
        _set(sqlite, "expires", 1.0)
        _set(sqlite, "revision", 50)
        with sqlite3.connect(sqlite.removeprefix("sqlite:///")) as file:
            file.execute("UPDATE sagegate_changes SET keys = 50")
        await office.status("sk-somebody-unknown-here")  # whose look finds the change, too
        answer = await office.chat(made["key"])
        assert (answer.status_code, error_of(answer)["code"]) == (401, "expired_key")


def _set(database: str, column: str, value: Any) -> None:
    with sqlite3.connect(database.removeprefix("sqlite:///")) as file:
        file.execute(f"UPDATE sagegate_keys SET {column} = ?", (value,))  # noqa: S608 - ours


async def test_a_key_for_prometheus(sqlite: str) -> None:
    """A key made for /metrics gets the metrics and nothing else; one for models gets none."""
    async with opened(sqlite) as office:
        scraper = (await office.made(allowed_routes=["/metrics"]))["key"]
        caller = (await office.made())["key"]
        for key, status in ((scraper, 200), (caller, 403)):
            answer = await office.client.get("/metrics", headers=shown(key))
            assert answer.status_code == status
        assert await office.status(scraper) == 403


async def test_without_a_database() -> None:
    """Without a database the routes say what they need: 400, nothing else."""
    async with served(master_key=KEY) as client:
        for method, path in (("POST", "/key/generate"), ("GET", "/key/list")):
            answer = await client.request(method, path, json={})
            assert (answer.status_code, error_of(answer)["code"]) == (400, "no_database")


async def test_limits_of_a_key(sqlite: str) -> None:
    """A key's requests a minute are counted; the next one is a 429 that says when."""
    async with opened(sqlite) as office:
        key = (await office.made(key_alias="team-a", rpm_limit=2))["key"]
        first = await office.chat(key)
        assert first.headers["x-ratelimit-limit-requests"] == "2"
        assert first.headers["x-ratelimit-remaining-requests"] == "1"
        assert (await office.chat(key)).status_code == 200
        refused = await office.chat(key)
        assert refused.status_code == 429
        assert "key team-a" in error_of(refused)["message"]
        assert int(refused.headers["retry-after"]) > 0
        assert (await office.chat(KEY)).status_code == 200


async def test_the_tables_are_named_after_us(postgresql: str) -> None:
    """In a database that others use too, every table of ours says so."""
    async with opened(postgresql):
        connection = await asyncpg.connect(postgresql)
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        await connection.close()
    assert {row["tablename"].partition("_")[0] for row in rows} == {"sagegate"}


def test_the_page_has_every_field() -> None:
    """Each of LiteLLM's fields of a key that is refused stands on the page, with the reason."""
    page = (Path(__file__).parents[3] / "docs" / "keys.md").read_text(encoding="utf-8")
    for name in (*LITELLMS_OTHERS, *Terms.model_fields):
        assert f"`{name}`" in page, name
