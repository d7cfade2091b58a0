"""Routing through the running gateway: service tiers, conversations that stay, outages that are remembered."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from gateway_client import chat
from gateway_process import GatewayProcess, StartGateway
from scripted_provider import ScriptedProvider, Whole

DOWN = Whole({"error": {"message": "down"}}, 500)
TIERS = """
[[models]]
id = "acme/m"

[[models.tier_endpoints]]
model_id = "acme/m"
provider = "first"
tag = "first/flex"
native_id = "m"
service_tier = "flex"
context_length = 50000
pricing = { prompt = "0.0000005", completion = "0.0000005" }
"""


class Setting(NamedTuple):
    """A gateway before two providers of one model at one price; the first sells a tier of it too."""

    gateway: GatewayProcess
    first: ScriptedProvider
    second: ScriptedProvider

    def served(self, **fields: object) -> str:
        """Which provider answered."""
        return str(chat(self.gateway, "acme/m", **fields).json["provider"])


@pytest.fixture
def setting(start_gateway: StartGateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    data = tmp_path_factory.mktemp("data")
    (data / "catalog.d").mkdir()
    (data / "catalog.d/tiers.toml").write_text(TIERS)
    with ScriptedProvider() as first, ScriptedProvider() as second:
        model = 'models = [{ id = "acme/m", native_id = "m", prompt = "0.000001", completion = "0.000001" }]'
        rows = [
            f'[providers.{name}]\nbase_url = "{provider.url}"\n{model}\n'
            for name, provider in (("first", first), ("second", second))
        ]
        yield Setting(start_gateway("".join(rows), data_dir=data), first, second)


def test_routing_as_it_is_served(setting: Setting) -> None:
    """One gateway for all of it: a conversation stays, a seed repeats a draw, a tier is asked for, an outage is remembered."""
    seeds = [{"headers": {"X-Waystation-Route-Seed": str(seed)}} for seed in range(8)]
    drawn = [setting.served(**seed) for seed in seeds]
    assert set(drawn) == {"first", "second"}
    assert [setting.served(**seed) for seed in seeds] == drawn

    stays = {setting.served(session_id="s", **seed) for seed in seeds}
    assert len(stays) == 1

    setting.first.answer()
    answer = chat(setting.gateway, "acme/m", service_tier="flex").json
    assert (answer["provider"], answer["service_tier"]) == ("first", "flex")
    assert setting.first.asked[-1].body["service_tier"] == "flex"
    streamed = chat(setting.gateway, "acme/m", service_tier="flex", stream=True)
    assert '"service_tier":"flex"' in streamed.text
    assert setting.served(provider={"only": ["first/flex"]}) == "first"
    assert setting.first.asked[-1].body["service_tier"] == "flex"
    assert setting.served(service_tier="priority", provider={"only": ["first"]}) == "first"
    assert "service_tier" not in setting.first.asked[-1].body

    setting.second.answer(*[DOWN] * 40)
    for _ in range(5):
        refused = chat(setting.gateway, "acme/m", provider={"only": ["second"], "allow_fallbacks": False})
        assert refused.status == 503
    failures = len(setting.second.asked)
    assert failures >= 5
    assert [setting.served(**seed) for seed in seeds] == ["first"] * len(seeds)
    assert len(setting.second.asked) == failures, "nobody is sent into an outage that is remembered"
