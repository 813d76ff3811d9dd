"""Writes the table of topics that ships with the package, from IPTC's own. Data: IPTC Media Topics, CC BY 4.0.

The argument is a tab-separated file of all Media Topics, with the columns qcode, parent, level, retired, subjectcode
and name in several languages.
"""

import csv
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "pipeline" / "enrich" / "data" / "topics_codes.tsv"
LANGUAGES = ("de", "es", "fr", "pt-BR", "pt-PT")
TRANSLATED = 3
"""Names in other languages are kept down to this level; feeds name no finer categories."""


def main() -> None:
    """Write code, parent, subject code, English name and the other names, `-` where there is none."""
    lines = ["# IPTC Media Topics, (c) IPTC, CC BY 4.0: code, parent, subject code, name, names in other languages"]
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            if row["retired"]:
                continue
            others = dict.fromkeys(row[f"name_{language}"] for language in LANGUAGES if int(row["level"]) <= TRANSLATED)
            kept = "|".join(name for name in others if name)
            codes = (row["qcode"], row["parent"], row["subjectcode"])
            fields = [code.rpartition(":")[2].rpartition("/")[2] for code in codes] + [row["name_en-GB"], kept]
            lines.append("\t".join(field or "-" for field in fields))
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
