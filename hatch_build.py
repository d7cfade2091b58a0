"""Build hook: packs the tree of catalogue facts into the one file that the gateway loads, so that no build ships an old one."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKED = "src/waystation/catalog/data/catalog.json.gz"


class PackCatalogue(BuildHookInterface[Any]):
    """Runs before each wheel and sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the plugin's interface
        """Write the packed file and have it included, though version control ignores it."""
        sys.path.insert(0, str(Path(self.root) / "src"))
        from waystation.catalog.packed import encode_packed
        from waystation.catalog.tree import pack_tree

        packed = Path(self.root) / PACKED
        if (packed.parent / "models").is_dir():
            packed.write_bytes(encode_packed(pack_tree(packed.parent)))
        build_data["artifacts"].append(PACKED)
