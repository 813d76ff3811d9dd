"""Takes out of an environment what running never reads: tests, headers, stubs, and locales that are not used.

python slim.py /opt/newswire
"""

import shutil
import sys
from pathlib import Path

_FOLDERS = {"tests", "test", "__pycache__", "include"}
_KEEP_UNDER = {"pipeline"}
_LOCALES = {"root", "en", "es", "fr", "de", "pt", "it", "nl", "ru", "zh"}
"""Of babel, which a dependency of a dependency brings along for one table."""
_SUFFIXES = {".pyi", ".pyx", ".pxd", ".c", ".h", ".hpp"}


def main() -> None:
    """Slim one environment."""
    for site in Path(sys.argv[1]).glob("lib/python*/site-packages"):
        for path in sorted(site.rglob("*"), key=lambda p: -len(p.parts)):
            package = path.relative_to(site).parts[0]
            if package in _KEEP_UNDER:
                continue
            unused = path.parent.name == "locale-data" and path.stem not in _LOCALES
            # On CPython the other backend is used.
            unused |= package == "zstandard" and path.name.startswith("_cffi")
            if path.is_file() and unused:
                path.unlink()
            elif path.is_dir() and path.name in _FOLDERS and not path.is_symlink():
                shutil.rmtree(path)
            elif path.is_file() and path.suffix in _SUFFIXES:
                path.unlink()


if __name__ == "__main__":
    main()
