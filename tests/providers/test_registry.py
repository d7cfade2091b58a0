"""Who is known, who is configured, whose word counts, and what is said of the others."""

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Provider
from waystation.providers.registry import Registry, known_slugs
from waystation.settings import LocalSettings, ProviderSettings, Settings
from waystation.settings.problem import SettingsError

ENDPOINT = Endpoint(model_id="acme/m1", provider="acme", tag="acme", native_id="m1")


def build(
    environment: dict[str, str] | None = None, unset: dict[str, str] | None = None, **rows: ProviderSettings
) -> Registry:
    providers = {slug.replace("_", "-"): row for slug, row in rows.items()}
    return Registry.build(Settings(providers=providers, environment=environment or {}, unset=unset or {}))


def provider(registry: Registry, slug: str) -> Provider:
    found = registry.get(slug)
    assert found is not None
    return found


def test_all_are_known_and_none_needs_code_of_the_registry() -> None:
    slugs = [one.slug for one in build().all()]

    assert slugs == known_slugs() == sorted(slugs)
    assert {"openai", "local", "groq", "openrouter"} <= set(slugs)


def test_a_key_in_the_environment_switches_a_provider_on() -> None:
    registry = build({"GROQ_API_KEY": " fake-groq ", "OPENAI_API_KEY": ""})

    assert provider(registry, "groq").keys == ("fake-groq",)
    assert registry.is_configured("groq")
    assert not registry.is_configured("openai")
    assert "groq" in [one.slug for one in registry.configured()]


def test_the_first_key_variable_that_is_set_counts() -> None:
    environment = {"ZHIPU_API_KEY": "fake-second"}

    assert provider(build(environment), "z-ai").keys == ("fake-second",)
    assert provider(build(environment | {"ZAI_API_KEY": "fake-first"}), "z-ai").keys == ("fake-first",)


def test_the_configured_key_wins_over_the_environment() -> None:
    registry = build({"OPENAI_API_KEY": "fake-environment"}, openai=ProviderSettings(api_key="fake-row"))

    assert provider(registry, "openai").keys == ("fake-row",)


def test_several_keys_are_taken_in_turn() -> None:
    openai = provider(build(openai=ProviderSettings(api_key=("fake-a", "fake-b"))), "openai")

    assert [openai.next_key() for _ in range(3)] == ["fake-a", "fake-b", "fake-a"]


def test_a_row_for_a_known_provider_changes_only_what_it_says() -> None:
    row = ProviderSettings(
        api_key="fake",
        base_url="http://127.0.0.1:9/v1/",
        headers={"X-Team": "blue"},
        first_byte_timeout=3.0,
        drop=("seed",),
        reasoning_field="thoughts",
    )
    groq = provider(build(groq=row), "groq")
    body: JsonObject = {"seed": 1, "logprobs": True, "top_p": 1}
    groq.amend_request(body, ENDPOINT)

    assert groq.name == "Groq"
    assert groq.url_for("/chat/completions") == "http://127.0.0.1:9/v1/chat/completions"
    assert ("x-team", "blue") in groq.authorize(groq.next_key())
    assert groq.timeouts.first_byte_timeout == 3.0
    assert groq.timeouts.idle_timeout is None
    assert body == {"top_p": 1}
    assert groq.target(ENDPOINT).reasoning_field == "thoughts"


def test_a_disabled_provider_is_off_in_spite_of_its_key() -> None:
    registry = build({"GROQ_API_KEY": "fake"}, groq=ProviderSettings(enabled=False))

    assert not registry.is_configured("groq")
    assert registry.why_not("groq") == "To use Groq, remove `enabled = false` from [providers.groq]."


def test_why_not_names_the_variable_and_the_row() -> None:
    assert (
        build().why_not("openai") == "To use OpenAI, set OPENAI_API_KEY or `api_key` in [providers.openai]."
    )


def test_why_not_names_the_variable_that_the_row_refers_to() -> None:
    registry = build(unset={"providers.openai.api_key": "TEAM_KEY"}, openai=ProviderSettings())

    assert registry.why_not("openai") == "To use OpenAI, set TEAM_KEY or `api_key` in [providers.openai]."


def test_why_not_shows_what_an_address_is_like() -> None:
    assert build({"CLOUDFLARE_API_TOKEN": "fake"}).why_not("cloudflare") == (
        "To use Cloudflare, set `base_url` in [providers.cloudflare], like "
        "https://api.cloudflare.com/client/v4/accounts/ACCOUNT_ID/ai/v1."
    )


def test_an_address_of_ones_own_makes_such_a_provider_callable() -> None:
    row = ProviderSettings(
        api_key="fake", base_url="https://api.cloudflare.com/client/v4/accounts/fake/ai/v1"
    )

    assert build(cloudflare=row).why_not("cloudflare") == ""


def test_why_not_of_a_provider_that_only_the_catalogue_knows() -> None:
    assert build().why_not("steam") == "This version cannot call the provider steam."


def test_the_embedded_model_has_a_switch_of_its_own() -> None:
    registry = Registry.build(Settings(local=LocalSettings(enabled=False)))

    assert not registry.is_configured("local")
    assert registry.why_not("local") == "To use Local, set `enabled = true` in [local]."


def test_a_server_of_the_users_own_needs_no_key() -> None:
    registry = build(my_vllm=ProviderSettings(base_url="http://10.0.0.5:8000/v1"))
    own = provider(registry, "my-vllm")

    assert own.configured
    assert own.dialect_for(ENDPOINT) == "openai_chat"
    assert own.authorize(own.next_key()) == []
    assert own.url_for("/chat/completions") == "http://10.0.0.5:8000/v1/chat/completions"


def test_a_server_of_the_users_own_has_a_key_and_a_dialect_where_the_row_says_so() -> None:
    row = ProviderSettings(base_url="http://10.0.0.5:8000/v1", api_key="fake", dialect="anthropic_messages")
    own = provider(build(mine=row), "mine")

    assert own.authorize(own.next_key()) == [("authorization", "Bearer fake")]
    assert own.dialect_for(ENDPOINT) == "anthropic_messages"


def test_a_server_whose_key_variable_is_not_set_is_off() -> None:
    row = ProviderSettings(base_url="http://10.0.0.5:8000/v1")
    registry = build(unset={"providers.mine.api_key": "MY_KEY"}, mine=row)

    assert registry.why_not("mine") == "To use mine, set MY_KEY or `api_key` in [providers.mine]."


def test_a_row_without_an_address_that_names_no_known_provider_is_refused_with_a_hint() -> None:
    with pytest.raises(SettingsError, match=r"\[providers.gorq\].*base_url.*\"groq\""):
        build(gorq=ProviderSettings(api_key="fake"))


def test_no_secret_is_in_any_representation() -> None:
    row = ProviderSettings(api_key="fake-secret", headers={"x-secret": "fake-secret"})
    registry = build(openai=row)
    openai = provider(registry, "openai")
    seen = (
        f"{registry!r} {openai!r} {openai!s} {vars(openai)['_keys']!r} {openai.manners!r} {openai.timeouts!r}"
    )

    assert "fake-secret" not in seen
    assert "fake-secret" in openai.authorize(openai.next_key())[-1][1]


async def test_closing_closes_every_provider() -> None:
    closed: list[str] = []

    class Closing(Provider):
        slug = "closing"

        async def aclose(self) -> None:
            closed.append(self.slug)

    await Registry([Closing()]).aclose()

    assert closed == ["closing"]
