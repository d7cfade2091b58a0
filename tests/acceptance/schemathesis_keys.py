"""Hooks for schemathesis: what is generated of a key speaks of one that exists, except where it would be deleted."""

import os
from typing import Any

import schemathesis

HASH = os.environ["WAYSTATION_KNOWN_KEY"]


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """The hash of the key that exists."""
    if path_parameters is None or context.operation.method.upper() == "DELETE":
        return path_parameters
    return path_parameters | {"hash": HASH}


@schemathesis.hook
def map_body(_: Any, body: Any) -> Any:
    """Sizes that exist: the one workspace, an amount that a limit can have, an expiry that lies ahead."""
    if not isinstance(body, dict):
        return body
    body = {name: value for name, value in body.items() if name != "workspace_id"}
    limit = body.get("limit")
    if isinstance(limit, int | float):
        body["limit"] = abs(limit) % 1000
    if body.get("expires_at") is not None:
        body["expires_at"] = "2999-01-01T00:00:00Z"
    return body
