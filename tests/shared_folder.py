"""Where the shared reference material lies: `WAYSTATION_SHARED`, else `../shared` beside the project. A user's clone has neither."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


def shared(*parts: str) -> Path:
    """Path inside the shared folder; skips the calling test where the folder is absent, fails it in CI."""
    root = Path(os.environ.get("WAYSTATION_SHARED") or PROJECT.parent / "shared")
    if not root.is_dir():
        message = f"no shared folder at {root} (set WAYSTATION_SHARED)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return root.joinpath(*parts)
