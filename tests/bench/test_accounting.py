"""`bench/accounting.py` runs what requests run: it breaks when that changes, not when somebody needs its figures."""

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench"


def test_accounting_is_measured_step_by_step_against_its_budget() -> None:
    command = [sys.executable, str(BENCH / "accounting.py"), "--rounds", "3"]

    finished = subprocess.run(command, check=True, capture_output=True, text=True)

    rows = [line.split("|")[1].strip() for line in finished.stdout.splitlines() if line.startswith("|")]
    assert rows[2:7] == ["identify", "reserve", "price", "settle and record", "together"]
    assert "| 12 us, " in finished.stdout
    assert "generations a second" in finished.stdout
