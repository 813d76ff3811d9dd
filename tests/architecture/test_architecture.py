"""The boundary of the pure core, as the interpreter sees it."""

import subprocess
import sys

import pytest

IMPURE = {"kafka", "sqlite3", "aiohttp", "prometheus_client", "redis", "structlog"}


@pytest.mark.parametrize("package", ["formats", "normalise", "enrich", "deduplicate", "release", "story", "item"])
def test_importing_a_pure_package_loads_no_client_library(package):
    script = f"import sys, pipeline.{package}; print(*(set(sys.modules) & {IMPURE!r}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
