"""AI Studio: the key stands in a header of its own."""

from waystation.providers.base import Configuration, Secret
from waystation.providers.google_ai_studio import GoogleAIStudio
from waystation.providers.registry import Registry
from waystation.settings import Settings


def test_the_key_is_sent_in_its_own_header() -> None:
    provider = GoogleAIStudio(Configuration(keys=(Secret("fake-key"),)))

    assert provider.authorize(provider.next_key()) == [("x-goog-api-key", "fake-key")]
    assert provider.url_for("/models/gemini-2.5-flash:generateContent") == (
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"
    )


def test_either_variable_switches_it_on() -> None:
    for variable in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        registry = Registry.build(Settings(environment={variable: "fake-key"}))

        assert registry.is_configured("google-ai-studio")
    assert not Registry.build(Settings()).is_configured("google-ai-studio")
