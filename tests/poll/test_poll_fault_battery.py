"""The fault battery of `make bench`, with fewer sources a fault."""

import subprocess
import sys
from pathlib import Path

BATTERY = Path(__file__).parents[1] / "bench/bench_faults.py"


def test_every_fault_ends_as_it_should() -> None:
    done = subprocess.run(
        [sys.executable, BATTERY, "--times", "8"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "0 of 35 faults ended otherwise than they should"
