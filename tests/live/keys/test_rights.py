"""Who may call what: every route, with every kind of key (cases A1, A6, A8 and A12)."""

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from proxy.auth.keyring import Access
from proxy.routes import ROUTES
from tests.live.gateway import Gateway, error_of
from tests.live.keys.conftest import STATIC
from tests.live.keys.counter import Counter, shown
from tests.live.leaks import MASTER_KEY, assert_log_is_clean, assert_reply_is_clean

EVERY = [(route, path) for route in ROUTES for path in route.paths]
#: What a caller without the master key may reach, beside inference: all of it is listed here.
LISTED_PUBLIC = {"/health/liveliness", "/health/liveness", "/health/readiness"}


@pytest.fixture(scope="module")
def virtual(gateway: Gateway) -> str:
    """A virtual key."""
    key: str = Counter(gateway).made(key_alias="rights")["key"]
    return key


def test_a12_the_public_routes_are_few() -> None:
    """A12: no route but the listed ones is public; none is there for tests or debugging."""
    public = {path for route, path in EVERY if route.access is Access.PUBLIC}
    assert public == LISTED_PUBLIC
    assert not [path for _, path in EVERY if "debug" in path or "test" in path]


@pytest.mark.parametrize(
    ("route", "path"), EVERY, ids=lambda each: each if isinstance(each, str) else ""
)
def test_every_route_with_every_key(
    gateway: Gateway, virtual: str, route: object, path: str
) -> None:
    """A1 and A6, for the whole table: no key is 401, a caller's is 403 where it is not for it."""
    found = next(each for each in ROUTES if each is route)
    url = path.replace("{model:path}", "chat").replace("{id:path}", "chat")
    body = {"model": "chat"} if found.method == "POST" else None

    def status(key: str | None) -> int:
        answer = gateway.http.request(
            found.method,
            url,
            json=body,
            headers={"authorization": f"Bearer {key}"} if key else {"authorization": ""},
        )
        assert_reply_is_clean(answer.text)
        return answer.status_code

    if found.access is Access.PUBLIC:
        assert status(None) == 200
        return
    assert status(None) == status("sk-nobody-has-this-key") == 401
    for key in (virtual, STATIC):
        if found.access is Access.ADMIN:
            assert status(key) == 403
        else:
            assert status(key) not in {401, 403}


def test_a08_models_of_a_key(gateway: Gateway, counter: Counter) -> None:
    """A8: a key's models are what it gets, in requests, in fallbacks and in listings."""
    virtual = counter.made(models=["chat"])["key"]
    for key in (STATIC, virtual):
        assert counter.ask(key).status_code == 200
        refused = counter.ask(key, "other")
        assert refused.status_code == 403
        assert error_of(refused)["code"] == "key_model_access_denied"
        assert counter.ask(key, fallbacks=["other"]).status_code == 403
        listed = gateway.http.get("/v1/models", headers=shown(key)).json()["data"]
        assert [model["id"] for model in listed] == ["chat"]


def test_openais_own_client(gateway: Gateway, counter: Counter) -> None:
    """OpenAI's client takes a virtual key as its key, and knows what a refusal is."""
    key = counter.made(models=["chat"], max_budget=0.1)["key"]
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key) as client:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi"}]
        with pytest.raises(openai.PermissionDeniedError):
            client.chat.completions.create(model="other", messages=messages)
        assert client.chat.completions.create(model="chat", messages=messages)
        with pytest.raises(openai.RateLimitError, match="budget"):
            client.chat.completions.create(model="chat", messages=messages)
        counter.post("/key/block", key=key)
        with pytest.raises(openai.AuthenticationError):
            client.models.list()


def test_no_key_is_in_the_log(gateway: Gateway, counter: Counter) -> None:
    """At its most talkative the log has no key, and nothing of what the database was told."""
    made = counter.made(key_alias="planted", metadata={"secret": "planted-in-the-notes"})
    counter.ask(made["key"])
    counter.get("/key/info", key=made["key"])
    counter.post("/key/delete", keys=[made["key"]])
    gateway.process.wait_for_line("key.deleted", "planted")
    log = gateway.process.err + gateway.process.out
    assert_log_is_clean(log)
    for secret in (made["key"], made["key"][3:16], made["token"], STATIC, "planted-in-the-notes"):
        assert secret not in log
    assert gateway.http.get("/health/liveliness").status_code == httpx.codes.OK
    assert MASTER_KEY not in log
