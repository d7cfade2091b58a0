"""`make train-router`: makes the auto router's weights from the shared sets, our own prompts and the seed."""

import sys
import time
from pathlib import Path

from recipe import gather, train

from waystation.routing.auto.weights import PACKED, pack


def main() -> None:
    """Write the weights to the file named, else where the package looks for them."""
    began = time.monotonic()
    content = pack(train(gather()))
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PACKED
    path.write_bytes(content)
    print(f"{path.name}: {len(content) / 1e6:.1f} MB in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
