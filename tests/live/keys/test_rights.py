"""Who may call what: every route, with every kind of key (cases A1, A6, A8 and A12)."""

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from proxy.auth.route_rules import Access
from proxy.routes import ROUTES
from proxy.routes.table import Route
from tests.live.gateway import Gateway, error_of
from tests.live.keys.conftest import ADMIN_SCOPE, CUSTOM, CUSTOM_ADMIN, STATIC
from tests.live.keys.counter import Counter, shown
from tests.live.leaks import MASTER_KEY, assert_log_is_clean, assert_reply_is_clean
from tests.proxy.jwt.identity import Identity

#: Called with an administrator's key it would end the gateway for the tests that come after.
ENDS_IT = {"/health/drain"}
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


@pytest.fixture(scope="module")
def callers(virtual: str, identity: Identity) -> list[str]:
    """A key of each kind, none of them an administrator's."""
    return [virtual, STATIC, identity.token(models=["chat"], scope="openid"), CUSTOM]


@pytest.fixture(scope="module")
def administrators(identity: Identity) -> list[str]:
    """Whoever may do everything, by each way to be one."""
    return [MASTER_KEY, identity.token(scope=f"openid {ADMIN_SCOPE}"), CUSTOM_ADMIN]


@pytest.fixture(scope="module")
def strangers(identity: Identity) -> list[str | None]:
    """What is nobody's: no key, a wrong one, a token that is over, one for somebody else."""
    return [
        *(None, "sk-nobody-has-this-key", "' OR 1=1--"),
        *(identity.token(exp=1), identity.token(aud="elsewhere")),
    ]


@pytest.mark.parametrize(
    ("route", "path"), EVERY, ids=lambda each: each if isinstance(each, str) else ""
)
def test_every_route_with_every_key(
    gateway: Gateway,
    callers: list[str],
    administrators: list[str],
    strangers: list[str | None],
    route: Route,
    path: str,
) -> None:
    """A1 and A6, for the whole table: no key is 401, a caller's is 403 where it is not for it."""
    url = path.replace("{model:path}", "chat").replace("{id:path}", "chat")
    body = {"model": "chat"} if route.method == "POST" else None

    def status(key: str | None) -> int:
        answer = gateway.http.request(
            route.method,
            url,
            json=body,
            headers={"authorization": "" if key is None else f"Bearer {key}"},
        )
        assert_reply_is_clean(answer.text)
        return answer.status_code

    if route.access is Access.PUBLIC:
        assert status(None) == 200
        return
    assert {status(key) for key in strangers} == {401}
    for key in callers:
        if route.access in {Access.ADMIN, Access.NAMED}:
            assert status(key) == 403
        else:
            assert status(key) not in {401, 403}
    if path not in ENDS_IT:
        assert not {status(key) for key in administrators} & {401, 403}


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


def test_no_key_is_in_the_log(gateway: Gateway, counter: Counter, identity: Identity) -> None:
    """At its most talkative the log has no key, and nothing of what the database was told."""
    made = counter.made(key_alias="planted", metadata={"secret": "planted-in-the-notes"})
    counter.ask(made["key"])
    counter.get("/key/info", key=made["key"])
    counter.post("/key/delete", keys=[made["key"]])
    gateway.process.wait_for_line("key.deleted", "planted")
    log = gateway.process.err + gateway.process.out
    assert_log_is_clean(log)
    token = identity.token(models=["chat"])
    for key in (token, CUSTOM):
        assert counter.ask(key).status_code == 200
    log = gateway.process.err + gateway.process.out
    for secret in (
        *(made["key"], made["key"][3:16], made["token"], STATIC, "planted-in-the-notes"),
        *(CUSTOM, token, token.rpartition(".")[2], token.split(".")[1]),
    ):
        assert secret not in log
    assert gateway.http.get("/health/liveliness").status_code == httpx.codes.OK
    assert MASTER_KEY not in log
