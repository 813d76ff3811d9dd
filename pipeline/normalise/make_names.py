"""Write `names.py`, the table of month and weekday names, from babel's CLDR data.

Run by hand (``python -m pipeline.normalise.make_names``) when a language is added: loading two dozen
locales takes a third of a second, which no start of a worker should pay.
"""

from pathlib import Path

from babel import Locale

LANGUAGES = [
    "en",
    "es",
    "pt",
    "fr",
    "de",
    "it",
    "nl",
    "ru",
    "zh",
    "ca",
    "gl",
    "da",
    "sv",
    "nb",
    "fi",
    "cs",
    "pl",
    "tr",
    "id",
    "ms",
    "ro",
    "hu",
    "el",
    "uk",
]

# Forms that wires print and CLDR does not list.
MONTHS_BESIDE = {
    1: "gen jän jänner",
    2: "febr fev feber feb",
    3: "mrt mär maerz marz",
    7: "juill",
    8: "agust",
    9: "sept set septemb",
    10: "okt",
    12: "dic dez dec",
}
DAYS_BESIDE = {
    0: "понедельника",
    1: "вторника",
    2: "среду",
    4: "пятницу",
    5: "sonnabend субботу",
}

HEAD = '''"""Month and weekday names in the languages of the wires.

Generated from CLDR by `make_names`; edit that, not this.
"""

'''


def main() -> None:
    """Write the module beside this one."""
    months = {number: set(words.split()) for number, words in MONTHS_BESIDE.items()}
    days = {number: set(words.split()) for number, words in DAYS_BESIDE.items()}
    for language in LANGUAGES:
        locale = Locale.parse(language)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    _add(months, number, name)
            for number, name in locale.days[context]["wide"].items():
                _add(days, number, name)
    lines = [HEAD]
    lines += _table("MONTHS", "1 for January", months)
    lines += ["\n", *_table("WEEKDAYS", "0 for Monday", days)]
    Path(__file__).with_name("names.py").write_text("".join(lines), encoding="utf-8")


def _add(table: dict[int, set[str]], number: int, name: str) -> None:
    word = name.casefold().replace(".", "").strip()
    if len(word) > 2 and not any(c.isdigit() for c in word):  # noqa: PLR2004  # shorter ones are words of other tongues
        table.setdefault(number, set()).add(word)


def _table(name: str, meaning: str, table: dict[int, set[str]]) -> list[str]:
    rows = [f"{name}: dict[str, int] = {{\n"]
    rows += [f'    "{word}": {number},\n' for number in sorted(table) for word in sorted(table[number])]
    return [*rows, "}\n", f'"""Case-folded, without full stops; {meaning}."""\n']


if __name__ == "__main__":
    main()
