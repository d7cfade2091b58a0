"""Mistral's own platform: chat completions in the OpenAI shape, with rules of their own for conversations."""
