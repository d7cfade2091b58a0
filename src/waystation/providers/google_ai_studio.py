"""Google AI Studio: the Gemini API with an API key. Which models exist is the catalogue's to say."""

from waystation.providers.base import Provider


class GoogleAIStudio(Provider):
    """`generativelanguage.googleapis.com`, the key in a header of its own so that it is in no URL."""

    slug = "google-ai-studio"
    name = "Google AI Studio"
    dialect = "gemini"
    embeddings_dialect = "gemini_embeddings"
    base_url = "https://generativelanguage.googleapis.com/v1beta"
    key_variables = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    auth = "x-goog-api-key"


PROVIDER = GoogleAIStudio
