"""A part of the virtual day of `bench/routing`: our routing serves more callers than the simpler policies, at no more cost."""

import re
import subprocess
import sys
from pathlib import Path

DAY = Path(__file__).parents[2] / "bench/routing/day.py"
ROW = re.compile(r"^\| (.+?) \| [\d.]+ % \| ([\d,]+) \| ([\d,]+) \| ([\d.]+) \|", re.MULTILINE)


def test_more_callers_are_served_than_under_simpler_policies_at_no_more_than_5_percent_extra_cost() -> None:
    done = subprocess.run(
        [sys.executable, str(DAY), "--requests", "8000"], capture_output=True, text=True, check=True
    )

    rows = {name: (failed, wasted, price) for name, *figures in ROW.findall(done.stdout)
            for failed, wasted, price in [[float(figure.replace(",", "")) for figure in figures]]}  # fmt: skip
    failed, wasted, price = rows.pop("Waystation")
    assert len(rows) == 2
    for other_failed, other_wasted, other_price in rows.values():
        assert failed < other_failed
        assert wasted < other_wasted
        assert price <= 1.05 * other_price
