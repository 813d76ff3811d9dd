"""The image, built and run for real: not root, read-only, healthy, ended by SIGTERM."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = "docker.io/library/python:3.11-slim-bookworm"
TOOLS = ("buildah", "podman", "mmdebstrap", "runc")
CONFINED = ["--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
MOST_ADDED = 130_000_000
"""Bytes over the base image, which is some 125 MB."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not all(shutil.which(tool) for tool in TOOLS), reason=f"building an image takes {', '.join(TOOLS)}"
    ),
]


class Images:
    """A store of images of its own."""

    def __init__(self, folder):
        self.folder = folder
        store = ["--root", str(folder / "store"), "--runroot", str(folder / "run"), "--storage-driver", "overlay"]
        self.buildah = ["buildah", *store]
        self.podman = [
            "podman",
            *store,
            "--cgroup-manager",
            "cgroupfs",
            "--events-backend",
            "file",
            "--runtime",
            "runc",
        ]

    def run(self, *command, **options):
        return subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=600, **options
        ).stdout.strip()

    def make_base(self):
        """Something with the base image's name: a plain Debian with Python, since there is no registry here."""
        tar = self.folder / "base.tar"
        packages = "python3,python3-venv,python3-pip,ca-certificates"
        self.run("mmdebstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(tar))
        container = self.run(*self.buildah, "from", "scratch")
        self.run(*self.buildah, "add", container, str(tar), "/")
        self.run(*self.buildah, "config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
        self.run(*self.buildah, "commit", container, BASE)
        self.run(*self.buildah, "rm", container)
        tar.unlink()

    def build(self, tag):
        mounts = []
        # pip in the build is to find packages where pip on this host does.
        certificate = os.environ.get("PIP_CERT")
        for path in (Path("/etc/pip.conf"), Path(certificate).parent if certificate else None):
            if path is not None and path.exists():
                mounts += ["--volume", f"{path}:{path}:ro"]
        where = ["--isolation", "chroot", "--pull-never", "--network", "host"]
        self.run(*self.buildah, "bud", *where, *mounts, "-f", "deploy/Dockerfile", "-t", tag, ".")

    def inspect(self, image):
        return json.loads(self.run(*self.podman, "image", "inspect", image))[0]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    made = Images(tmp_path_factory.mktemp("images"))
    made.make_base()
    made.build("newswire:test")
    yield made
    subprocess.run([*made.buildah, "rmi", "--all", "--force"], check=False, capture_output=True)


def test_it_is_small_and_says_what_it_is(images):
    image = images.inspect("newswire:test")
    added = image["Size"] - images.inspect(BASE)["Size"]
    print(f"\nthe image adds {added / 1e6:.0f} MB to its base")
    assert added <= MOST_ADDED
    assert image["Config"]["User"] == "10001:10001"
    assert image["Config"]["Labels"]["org.opencontainers.image.title"] == "newswire"
    assert image["Config"]["Entrypoint"] == ["newswire"]


def test_it_has_a_bill_of_materials(images):
    command = ["import json,sys; print(len(json.load(open('/opt/newswire/sbom.cdx.json'))['components']))"]
    count = images.run(
        *images.podman, "run", "--rm", *CONFINED, *LIMITS, "--entrypoint", "python", "newswire:test", "-c", *command
    )
    assert int(count) > 40


def test_it_reads_a_story_from_standard_input(images):
    story = "Council votes for a second library\n\nHalifax, Mar 4 (EFE).- The council voted on Wednesday. EFE\n"
    command = [*images.podman, "run", "--rm", "-i", *CONFINED, *LIMITS, "newswire:test", "process", "-"]
    told = json.loads(images.run(*command, input=story))
    assert told["newswire"]["dateline"]["agency"] == "EFE"


def test_it_runs_healthily_and_ends_on_sigterm(images):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # On the host's network it listens on loopback only.
    settings = {
        "NEWSWIRE_HTTP__PORT": str(port),
        "NEWSWIRE_HTTP__HOST": "127.0.0.1",
        "NEWSWIRE_POLL__CONTACT": "a@example.org",
    }
    stages = ["normalise", "deduplicate", "enrich", "release", "sink"]
    name = f"newswire-{port}"
    environment = [word for key, value in settings.items() for word in ("--env", f"{key}={value}")]
    images.run(
        *images.podman, "run", "-d", "--name", name, *CONFINED, *LIMITS, *environment, "newswire:test", "run", *stages
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
                    assert answer.status == 200
                break
            except OSError:
                assert time.monotonic() < deadline, images.run(*images.podman, "logs", name)
                time.sleep(0.5)
        images.run(*images.podman, "exec", name, "newswire", "health", "--ready")
        assert images.run(*images.podman, "exec", name, "python", "-c", "import os; print(os.getuid())") == "10001"
        began = time.monotonic()
        images.run(*images.podman, "stop", "--time", "30", name)
        assert time.monotonic() - began < 25
        state = json.loads(images.run(*images.podman, "inspect", name))[0]["State"]
        assert state["ExitCode"] == 0
    finally:
        subprocess.run([*images.podman, "rm", "-f", name], check=False, capture_output=True)
