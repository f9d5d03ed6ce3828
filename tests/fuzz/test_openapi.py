"""The gateway's own OpenAPI page, and requests made of it, over HTTP (needs schemathesis)."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.effort import searching
from tests.fuzz.values import ANYTHING
from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.leaks import MASTER_KEY, assert_reply_is_clean

ADMIN = {"authorization": f"Bearer {MASTER_KEY}"}
#: The end of the gateway, which would be the end of the search.
ENDS = "/health/drain"
QUERIES = {
    "/key/info": ("key",),
    "/key/list": ("page", "size", "key_alias", "key_hash", "return_full_object"),
    "/spend/logs": ("api_key", "request_id", "start_date", "end_date"),
    "/health": ("active", "model"),
    "/model/info": ("litellm_model_id",),
    "/models": ("return_wildcard_routes",),
}


@pytest.fixture(scope="module")
def searched(
    start: StartGateway,
    emulator_process: Emulated,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    """A gateway with a key, a database for keys, a cache and two models."""
    emulator_process.forget()
    database = tmp_path_factory.mktemp("search") / "keys.db"
    configuration = {
        "model_list": list(serving.LOCKED_MODELS),
        "router_settings": serving.router(emulator_process.url),
        "general_settings": {"master_key": MASTER_KEY, "database_url": f"sqlite:///{database}"},
        "litellm_settings": {"cache": True},
    }
    with start(serving.written(configuration), "--host", "127.0.0.1") as gateway:
        yield gateway


@pytest.fixture(scope="module")
def operations(searched: Gateway) -> list[Any]:
    """What the page lists, each a source of requests."""
    schemathesis = pytest.importorskip("schemathesis", reason="needs `--group fuzz`")
    page = searched.http.get("/openapi.json", headers=ADMIN).json()
    schema = schemathesis.openapi.from_dict(page)
    found = [each.ok() for each in schema.get_all_operations()]
    assert found
    return [each for each in found if each.path != ENDS]


def test_requests_made_of_the_page(searched: Gateway, operations: list[Any]) -> None:
    """What the page allows, and what it does not, is answered as it says; there is no 500."""
    schemathesis = pytest.importorskip("schemathesis", reason="needs `--group fuzz`")
    modes, checks = schemathesis.GenerationMode, schemathesis.checks
    cases = st.sampled_from(operations).flatmap(
        lambda each: (
            each.as_strategy(generation_mode=modes.POSITIVE)
            | each.as_strategy(generation_mode=modes.NEGATIVE)
        )
    )

    @given(cases)
    @searching(100)
    def search(case: Any) -> None:
        answer = case.call(base_url=searched.url, headers=ADMIN)
        case.validate_response(
            answer, checks=[checks.not_a_server_error, checks.response_schema_conformance]
        )
        assert_reply_is_clean(answer.text)

    search()


@given(st.data())
@searching(80)
def test_queries_of_every_shape(searched: Gateway, data: st.DataObject) -> None:
    """Query parameters, which the page does not describe: no 500 for any of them."""
    path = data.draw(st.sampled_from(sorted(QUERIES)))
    texts = ANYTHING.map(str) | st.sampled_from(["0", "-1", "9" * 30, "1e9", "NaN", "2026-13-45"])
    query = data.draw(st.dictionaries(st.sampled_from(QUERIES[path]), texts, max_size=3))

    answer = searched.http.get(path, params=query, headers=ADMIN)

    assert answer.status_code in {200, 400, 404}, answer.text
