"""Hooks for schemathesis: generated requests ask for a model that the gateway under test serves, and for no event stream."""

import os
from typing import Any

import schemathesis

MODEL = os.environ["WAYSTATION_SERVED_MODEL"]


@schemathesis.hook
def map_body(_: Any, body: Any) -> Any:
    """A stream cannot be checked against the JSON schema."""
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in {"stream", "models", "provider"}}
        body["model"] = MODEL
    return body


@schemathesis.hook
def map_path_parameters(_: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """The served model's author and slug."""
    if path_parameters is None:
        return None
    author, slug = MODEL.split("/")
    return path_parameters | {"author": author, "slug": slug}
