"""Coverage-guided fuzzing of every parser with atheris: nothing but Permanent, a second per MB, bounded memory.

    make fuzz FUZZ="--seconds 600"

Starts from the golden inputs and what else is given as seeds. Each parser is run in a process of its own, without the
dispatch's guard, by its own `sniff` and `read`, and once more all together by `parse`. An input that a parser fails
on is kept under `--findings`, and the exit code is 1.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARSERS = ("anpa", "iptc7901", "xml_family", "page", "feed", "json_family", "mail", "plain")
SECONDS_PER_MB = 1.0
FLOOR = 0.5
"""Seconds that any input may take: instrumented code is several times slower, and the machine may be busy."""
MEMORY_MB = 1024
MOST_BYTES = 65_536


def fuzz(name: str, arguments: list[str]) -> None:
    """Fuzz one parser in this process until atheris ends it."""
    import atheris  # noqa: PLC0415  # only this command needs it

    with atheris.instrument_imports(include=["pipeline.formats", "feedparser", "mail", "email"]):
        module = import_module(f"pipeline.formats.{name}") if name != "all" else None
        formats = import_module("pipeline.formats")
    errors, charset, item = (import_module(f"pipeline.{m}") for m in ("errors", "formats.charset", "item"))
    here, limits = item.Origin(source="s", url="https://f.example/x"), formats.Limits()
    warnings.simplefilter("ignore")

    def one(body: bytes) -> None:
        # What loads or compiles something at its first use is given a second chance.
        if not (took := read(body)) or not (took := read(body)):
            return
        raise TimeoutError(f"{took:.2f} s for {len(body)} bytes")

    def read(body: bytes) -> float:
        """The seconds it took, where these were too many; else 0."""
        began = time.process_time()
        try:
            if module is None:
                document = formats.parse(body, here)
            else:
                module.sniff(charset.peek(body))
                document = module.read(body, here, limits)
        except errors.Permanent as error:
            if error.code == "parser_fault":
                raise
        else:
            for found in document.items:
                if isinstance(found, item.RawItem) and item.decode_item(item.encode_item(found)) != found:
                    raise ValueError("an item is not what was encoded")
        took = time.process_time() - began
        return took if took > FLOOR + SECONDS_PER_MB * len(body) / 1e6 else 0.0

    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def run(name: str, seconds: int, seeds: list[Path], findings: Path) -> bool:
    """Fuzz one parser in a child process; whether it held."""
    findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder)
        for number, seed in enumerate(seeds):
            data = seed.read_bytes()
            if len(data) <= MOST_BYTES:
                (corpus / f"{number:05}").write_bytes(data)
        command = [
            sys.executable, __file__, "--one", name, "--",
            f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={MOST_BYTES}", "-timeout=20",
            f"-artifact_prefix={findings}/{name}-", "-print_final_stats=1", str(corpus),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    stats = dict(
        line.removeprefix("stat::").split(":", 1) for line in done.stderr.splitlines() if line.startswith("stat::")
    )
    runs, memory = (stats.get(key, "?").strip() for key in ("number_of_executed_units", "peak_rss_mb"))
    print(f"{name:12} {runs:>9} inputs  {memory:>5} MB  {'held' if done.returncode == 0 else 'FAILED'}", flush=True)
    if done.returncode:
        print("    " + "\n    ".join([line for line in done.stderr.splitlines() if "INFO:" not in line][-30:]))
    return done.returncode == 0


def main() -> int:
    """Fuzz the parsers named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each parser")
    parser.add_argument("--seeds", type=Path, action="append", default=[], help="folders of more inputs to start from")
    parser.add_argument("--findings", type=Path, default=ROOT / "data/fuzz")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="parser", help=f"of {', '.join(PARSERS)}, all")
    options = parser.parse_args()
    if options.one:
        fuzz(options.one, options.names)
    folders = [ROOT / "tests/formats/golden", *options.seeds]
    seeds = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    names = options.names or [*PARSERS, "all"]
    # All of them run, whatever the first finds.
    held = [run(name, options.seconds, seeds, options.findings) for name in names]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
