"""The allow-list of agencies: one row each, with the spellings its wire uses.

Only these names, and only where a dateline, credit line or closing line may stand, make an agency of a
word: ``AFP``, ``dpa`` and ``PTI`` mean other things too.
"""

import re

import msgspec


class Agency(msgspec.Struct, frozen=True):
    """One agency.

    `aliases` are spellings in datelines and credits, compared without case; `bare` says that its
    dateline may name it without brackets; `closers` are words that end its stories besides its
    aliases; `zone` is the IANA time zone its zoneless times are in.
    """

    name: str
    aliases: tuple[str, ...]
    bare: tuple[str, ...] = ()
    closers: tuple[str, ...] = ()
    zone: str | None = None
    undated: bool = False
    """Its datelines may run straight into the copy, without date or dash."""


AGENCIES: tuple[Agency, ...] = (
    Agency("EFE", ("EFE", "Agencia EFE", "EFE-EPA", "EFEverde"), zone="Europe/Madrid"),
    Agency("AP", ("AP", "The Associated Press", "Associated Press"), zone="America/New_York"),
    Agency(
        "Reuters",
        ("Reuters", "Thomson Reuters", "Рейтер", "رويترز", "路透社", "路透", "ロイター", "Reuter"),
        bare=("Reuter",),
        closers=("Reuter",),
        zone="UTC",
    ),
    Agency("AFP", ("AFP", "Agence France-Presse", "AFX", "法新社"), bare=("AFP",), zone="Europe/Paris"),
    Agency("Xinhua", ("Xinhua", "新华社", "新華社", "Синьхуа"), closers=("Enditem", "Fin"), zone="Asia/Shanghai"),
    Agency("CNS", ("中新社", "中新网", "China News Service", "CNS"), zone="Asia/Shanghai"),
    Agency("dpa", ("dpa", "dpa-AFX", "Deutsche Presse-Agentur", "dpa/lnw"), zone="Europe/Berlin"),
    Agency("ANSA", ("ANSA",), zone="Europe/Rome"),
    Agency("Adnkronos", ("Adnkronos",), zone="Europe/Rome"),
    Agency("AGI", ("AGI",), zone="Europe/Rome"),
    Agency("TASS", ("TASS", "ТАСС", "ИТАР-ТАСС", "ITAR-TASS"), zone="Europe/Moscow"),
    Agency(
        "Interfax",
        ("Interfax", "Интерфакс", "INTERFAX.RU", "ИНТЕРФАКС.RU", "Interfax-Ukraine"),
        bare=("INTERFAX.RU", "ИНТЕРФАКС.RU", "ИНТЕРФАКС"),
        zone="Europe/Moscow",
    ),
    Agency("RIA Novosti", ("РИА Новости", "RIA Novosti", "Sputnik"), bare=("РИА Новости",), zone="Europe/Moscow"),
    Agency("Kyodo", ("Kyodo", "Kyodo News", "共同", "共同社", "共同通信"), bare=("Kyodo",), zone="Asia/Tokyo"),
    Agency("Jiji", ("Jiji", "Jiji Press", "時事", "AFP=時事"), bare=("Jiji Press",), zone="Asia/Tokyo"),
    Agency("Yonhap", ("Yonhap", "연합뉴스"), zone="Asia/Seoul"),
    Agency("Bernama", ("Bernama",), zone="Asia/Kuala_Lumpur"),
    Agency("Antara", ("Antara", "ANTARA"), zone="Asia/Jakarta"),
    Agency("Europa Press", ("Europa Press",), zone="Europe/Madrid"),
    Agency("ATS", ("ATS", "Keystone-ATS"), zone="Europe/Zurich", undated=True),
    Agency("SDA", ("SDA", "Keystone-SDA"), zone="Europe/Zurich", undated=True),
    Agency("AWP", ("awp",), zone="Europe/Zurich", undated=True),
    Agency("APA", ("APA",), zone="Europe/Vienna"),
    Agency("ANP", ("ANP",), zone="Europe/Amsterdam"),
    Agency("Belga", ("Belga",), zone="Europe/Brussels"),
    Agency("AAP", ("AAP", "Australian Associated Press"), bare=("AAP",), zone="Australia/Sydney"),
    Agency("PTI", ("PTI", "Press Trust of India"), zone="Asia/Kolkata"),
    Agency("ANI", ("ANI",), zone="Asia/Kolkata"),
    Agency("IANS", ("IANS",), zone="Asia/Kolkata"),
    Agency("UPI", ("UPI", "United Press International"), zone="America/New_York"),
    Agency("TT", ("TT", "TT-AFP", "TT-Reuters"), zone="Europe/Stockholm"),
    Agency("NTB", ("NTB", "NTB-AFP", "ANB-NTB"), zone="Europe/Oslo"),
    Agency("Ritzau", ("Ritzau",), zone="Europe/Copenhagen"),
    Agency("STT", ("STT", "STT-AFP", "STT-Lehtikuva", "STT-Reuters"), zone="Europe/Helsinki"),
    Agency("CTK", ("CTK", "ČTK"), zone="Europe/Prague"),
    Agency("TASR", ("TASR", "SITA"), zone="Europe/Bratislava"),
    Agency("PAP", ("PAP",), zone="Europe/Warsaw"),
    Agency("MTI", ("MTI",), zone="Europe/Budapest"),
    Agency("Agerpres", ("Agerpres",), zone="Europe/Bucharest"),
    Agency("BTA", ("BTA", "БТА"), zone="Europe/Sofia"),
    Agency("Ukrinform", ("Ukrinform", "Укринформ", "Укрінформ"), zone="Europe/Kyiv"),
    Agency("BelTA", ("BelTA", "БЕЛТА"), zone="Europe/Minsk"),
    Agency("Lusa", ("Lusa",), zone="Europe/Lisbon"),
    Agency("Agência Brasil", ("Agência Brasil", "ABr"), zone="America/Sao_Paulo"),
    Agency("Télam", ("Télam", "Telam"), zone="America/Argentina/Buenos_Aires"),
    Agency("Prensa Latina", ("Prensa Latina", "PL"), zone="America/Havana"),
    Agency("Notimex", ("Notimex",), zone="America/Mexico_City"),
    Agency("Anadolu", ("Anadolu", "AA", "Anadolu Agency", "Anadolu Ajansı"), zone="Europe/Istanbul"),
    Agency("ANA-MPA", ("ANA-MPA", "ΑΠΕ-ΜΠΕ", "AMNA"), zone="Europe/Athens"),
    Agency("MENA", ("MENA",), zone="Africa/Cairo"),
    Agency("WAM", ("WAM",), zone="Asia/Dubai"),
    Agency("SPA", ("SPA",), zone="Asia/Riyadh"),
    Agency("IRNA", ("IRNA",), zone="Asia/Tehran"),
    Agency("NAN", ("NAN",), zone="Africa/Lagos"),
    Agency("PNA", ("PNA",), zone="Asia/Manila"),
    Agency("VNA", ("VNA",), zone="Asia/Ho_Chi_Minh"),
    Agency("CNA", ("CNA", "中央社"), zone="Asia/Taipei"),
    Agency("CP", ("The Canadian Press", "Canadian Press", "CP"), zone="America/Toronto"),
    Agency("PA", ("PA", "PA Media", "Press Association"), closers=("ends",), zone="Europe/London"),
    Agency("Bloomberg", ("Bloomberg", "Bloomberg News"), zone="America/New_York"),
    Agency("BusinessDesk", ("BusinessDesk",), zone="Pacific/Auckland"),
    Agency("Gracenote", ("Gracenote",)),
    Agency("Opta", ("OPTA", "Opta Sports Data")),
    Agency("The Sports Network", ("Sports Network", "The Sports Network")),
    Agency("SID", ("SID",), zone="Europe/Berlin"),
    Agency("epd", ("epd",), zone="Europe/Berlin"),
    Agency("KNA", ("KNA",), zone="Europe/Berlin"),
    Agency("ots", ("ots", "news aktuell")),
    Agency("PR Newswire", ("PRNewswire", "PR Newswire", "PRNewswire-AsiaNet", "PRNewswire-FirstCall", "美通社")),
    Agency("Business Wire", ("Business Wire", "美国商业资讯", "美國商業資訊", "ビジネスワイヤ")),
    Agency("GlobeNewswire", ("GlobeNewswire", "Globe Newswire")),
    Agency("CNW", ("CNW", "CNW Group")),
    Agency("Accesswire", ("Accesswire", "ACCESS Newswire")),
    Agency("Newsfile", ("Newsfile", "Newsfile Corp.")),
    Agency("Kyodo JBN", ("Kyodo JBN", "AsiaNet", "PR TIMES")),
)

BY_ALIAS: dict[str, Agency] = {
    alias.casefold(): agency for agency in AGENCIES for alias in (agency.name, *agency.aliases)
}
BY_NAME: dict[str, Agency] = {agency.name: agency for agency in AGENCIES}


CLOSERS = frozenset(closer.casefold() for agency in AGENCIES for closer in agency.closers)
"""Words that end a story and stand on a line of their own, even where no blank line parts them from it."""


def alternation(words: set[str]) -> str:
    """A regular expression for any of `words`, longest first, so that the longer of two always wins."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda w: (-len(w), w)))


ANY_ALIAS = alternation({alias for agency in AGENCIES for alias in agency.aliases})
BARE_NAMES: tuple[str, ...] = tuple(sorted({alias for agency in AGENCIES for alias in agency.bare}))
ANY_BARE = alternation(set(BARE_NAMES))

_SPLIT = re.compile(r"\s*[/,&+=]\s*|\s+[-–—]\s+|\s+")


def lookup(name: str | None) -> Agency | None:
    """The agency that `name` means, whole or (``ats afp``, ``dpa/AFP``) by the first part that is one."""
    if not name:
        return None
    folded = " ".join(name.split()).strip(" ().:;[]").casefold()
    found = BY_ALIAS.get(folded)
    if found or not folded:
        return found
    return next((BY_ALIAS[part] for part in _SPLIT.split(folded) if part in BY_ALIAS), None)
