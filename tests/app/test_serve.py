"""What is said of a worker that cannot live."""

import subprocess
import sys
from pathlib import Path

WORKER = """
import os, socket, sys
from pathlib import Path

from waystation.app.neighbours import Street
from waystation.app.serve import _work
from waystation.settings import LocalSettings, Settings, StorageSettings
from waystation.storage.migrations import migrate
from waystation.telemetry.logging import configure


class Unlucky:
    def print(self, *_):
        raise SystemExit("the banner fell down")


folder = Path(sys.argv[1])
settings = Settings(storage=StorageSettings(data_dir=str(folder)), local=LocalSettings(enabled=False))
configure("info", "json")
migrate("", folder)
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(0)
reading, writing = os.pipe()
_work(settings, listener, Unlucky(), reading, Street(1).at(0))
"""


def test_a_worker_that_ends_by_no_ordinary_failure_says_why(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WORKER, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1, said
    assert "a worker failed" in said
    assert "the banner fell down" in said
