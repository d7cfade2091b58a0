"""Waystation: a self-hosted LLM gateway. One OpenAI-compatible API in front of many models at many providers."""

__version__ = "0.1.0"
