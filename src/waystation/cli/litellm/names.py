"""LiteLLM's names of providers and what they are called here, and where a deployment's key is looked for when none is said."""

from typing import Final

from msgspec import Struct


class Known(Struct, frozen=True):
    """A provider of LiteLLM's: its slug here, and the variable that LiteLLM reads its key from."""

    slug: str
    variable: str | None


PROVIDERS: Final = {
    "openai": Known("openai", "OPENAI_API_KEY"),
    "text-completion-openai": Known("openai", "OPENAI_API_KEY"),
    "azure": Known("azure", "AZURE_API_KEY"),
    "azure_text": Known("azure", "AZURE_API_KEY"),
    "anthropic": Known("anthropic", "ANTHROPIC_API_KEY"),
    "bedrock": Known("amazon-bedrock", None),
    "bedrock_converse": Known("amazon-bedrock", None),
    "vertex_ai": Known("google-vertex", None),
    "vertex_ai_beta": Known("google-vertex", None),
    "gemini": Known("google-ai-studio", "GEMINI_API_KEY"),
    "mistral": Known("mistral", "MISTRAL_API_KEY"),
    "codestral": Known("mistral", "CODESTRAL_API_KEY"),
    "cohere": Known("cohere", "COHERE_API_KEY"),
    "cohere_chat": Known("cohere", "COHERE_API_KEY"),
    "groq": Known("groq", "GROQ_API_KEY"),
    "deepseek": Known("deepseek", "DEEPSEEK_API_KEY"),
    "together_ai": Known("together", "TOGETHERAI_API_KEY"),
    "fireworks_ai": Known("fireworks", "FIREWORKS_AI_API_KEY"),
    "perplexity": Known("perplexity", "PERPLEXITYAI_API_KEY"),
    "xai": Known("xai", "XAI_API_KEY"),
    "cerebras": Known("cerebras", "CEREBRAS_API_KEY"),
    "sambanova": Known("sambanova", "SAMBANOVA_API_KEY"),
    "nvidia_nim": Known("nvidia", "NVIDIA_NIM_API_KEY"),
    "deepinfra": Known("deepinfra", "DEEPINFRA_API_KEY"),
    "novita": Known("novita", "NOVITA_API_KEY"),
    "nebius": Known("nebius", "NEBIUS_API_KEY"),
    "moonshot": Known("moonshotai", "MOONSHOT_API_KEY"),
    "dashscope": Known("alibaba", "DASHSCOPE_API_KEY"),
    "ollama": Known("ollama", None),
    "ollama_chat": Known("ollama", None),
    "voyage": Known("voyageai", "VOYAGE_API_KEY"),
    "jina_ai": Known("jina", "JINA_AI_API_KEY"),
    "ai21": Known("ai21", "AI21_API_KEY"),
    "friendliai": Known("friendli", "FRIENDLI_TOKEN"),
    "featherless_ai": Known("featherless", "FEATHERLESS_AI_API_KEY"),
    "hyperbolic": Known("hyperbolic", "HYPERBOLIC_API_KEY"),
    "zai": Known("z-ai", "ZAI_API_KEY"),
    "minimax": Known("minimax", "MINIMAX_API_KEY"),
    "openrouter": Known("openrouter", "OPENROUTER_API_KEY"),
}
"""By the word before the first slash of `litellm_params.model`."""

COMPATIBLE: Final = frozenset(
    {
        "hosted_vllm",
        "openai_like",
        "custom_openai",
        "lm_studio",
        "llamafile",
        "vllm",
        "litellm_proxy",
        "xinference",
    }
)
"""Servers that speak OpenAI's protocol, each at its own address."""

AUTHORS: Final = (
    ("gpt", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("claude", "anthropic"),
)
"""Models that LiteLLM knows without a provider, by how their names begin."""
