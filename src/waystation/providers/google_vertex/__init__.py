"""Google Vertex AI: Gemini and its guests, with tokens made of the operator's credentials."""
