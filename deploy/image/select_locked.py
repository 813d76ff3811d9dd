"""Prints locked requirements: what running takes, with the extras named, or else packages by name.

python select_locked.py pyproject.toml requirements.lock EXTRA[,EXTRA…] [PACKAGE…]
"""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

_NAME = re.compile(r"^([A-Za-z0-9._-]+)==")
_VIA = re.compile(r"#\s+(?:via )?\s*([A-Za-z0-9._-]+)(?:\s|$|\[)")


def canonical(name: str) -> str:
    """The name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def blocks(lock: str) -> dict[str, tuple[str, set[str]]]:
    """Each locked requirement: its lines, and the packages that want it."""
    found: dict[str, tuple[str, set[str]]] = {}
    name, lines, wanted_by = "", [], set()
    for line in [*lock.splitlines(), "end==0"]:
        start = _NAME.match(line)
        if start:
            if name:
                # One package may be locked twice, for different Pythons.
                text, others = found.get(name, ("", set()))
                found[name] = (text + "\n".join(lines) + "\n", others | wanted_by)
            name, lines, wanted_by = canonical(start[1]), [line], set()
        elif line.lstrip().startswith("#"):
            wanted_by |= {canonical(via) for via in _VIA.findall(line) if via != "via"}
        elif name:
            lines.append(line)
    return found


def asked_for(project: dict[str, Any], extras: list[str]) -> set[str]:
    """What the project asks for by itself and for its extras."""
    table = project["project"]
    asked = list(table["dependencies"])
    for extra in extras:
        asked += table["optional-dependencies"][extra]
    return {canonical(re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]) for requirement in asked}


def with_needs(names: set[str], locked: dict[str, tuple[str, set[str]]]) -> set[str]:
    """The names, and whatever was locked on their account."""
    while True:
        more = {name for name, (_, wanted_by) in locked.items() if wanted_by & names} - names
        if not more:
            return names & locked.keys()
        names = names | more


def main() -> None:
    """Print them."""
    project, lock, extras, *packages = sys.argv[1:]
    locked = blocks(Path(lock).read_text(encoding="utf-8"))
    table = tomllib.loads(Path(project).read_text(encoding="utf-8"))
    names = {canonical(p) for p in packages} or asked_for(table, [e for e in extras.split(",") if e])
    sys.stdout.write("".join(locked[name][0] for name in sorted(with_needs(names, locked))))


if __name__ == "__main__":
    main()
