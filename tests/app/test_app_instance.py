"""Names of processes: unique while they live, the same after a restart."""

import subprocess
import sys

import pytest

from pipeline.errors import Fatal
from pipeline.instance import claim


def test_two_processes_have_two_names_and_a_restart_gets_its_own_back(tmp_path):
    first, give_back = claim(tmp_path)
    script = f"from pathlib import Path; from pipeline.instance import claim; print(claim(Path({str(tmp_path)!r}))[0])"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    assert other != first
    give_back()
    again, give_back_again = claim(tmp_path)
    give_back_again()
    assert again == first


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Fatal, match="file"):
        claim(tmp_path / "file" / "instances")
