"""What requests cost and what is left of budgets, among the metrics."""

from __future__ import annotations

import re

from tests.proxy.keys.office import Office, opened
from tests.proxy.keys.test_budgets import COST, models
from tests.proxy.served import KEY


async def told(office: Office, name: str) -> dict[str, float]:
    """Give a metric's values by the callers' names."""
    page = (await office.client.get("/metrics")).text
    rows = re.findall(rf'^{name}{{.*?api_key_alias="([^"]*)".*?}} (\S+)$', page, flags=re.MULTILINE)
    return {alias: float(value) for alias, value in rows}


async def test_spend_and_budgets(sqlite: str) -> None:
    """Spend is counted by caller where there is a price; a budget shows once its key has spent."""
    async with opened(sqlite, model_list=models()) as office:
        limited = await office.made(key_alias="team-a", max_budget=10, budget_duration="2h")
        free = await office.made(key_alias="team-b")
        await office.made(key_alias="team-c", max_budget=10)
        for key in (limited["key"], limited["key"], free["key"], KEY):
            assert (await office.chat(key)).status_code == 200
        assert (await office.chat(free["key"], "free")).status_code == 200

        spent = {"team-a": 2 * COST, "team-b": COST, "admin": COST}
        assert await told(office, "litellm_spend_metric_total") == spent
        left = "litellm_remaining_api_key_budget_metric"
        assert await told(office, left) == {"team-a": 10 - 2 * COST}
        assert await told(office, "litellm_api_key_max_budget_metric") == {"team-a": 10}
        hours = await told(office, "litellm_api_key_budget_remaining_hours_metric")
        assert 1.9 < hours["team-a"] <= 2

        await office.post("/key/delete", keys=[limited["key"]])
        assert await told(office, left) == {"team-a": 0}
        assert limited["token"] not in (await office.client.get("/metrics")).text
