"""What LiteLLM's proxy calls things, and what they become here. Read by `waystation import litellm` alone."""
