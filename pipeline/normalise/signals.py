"""Message types and signals: from the source's fields and from the words of headline, slugline and notices.

The tables hold one row per signal; `docs/normalise.md` lists the closed set.
"""
# ruff: noqa: E501  # a rule of the tables is one line, whatever its length

import re

import msgspec

from pipeline.story import CANCELED, Replaces

SIGNALS = (
    "update", "correction", "kill", "writethru", "lead", "repeat", "refile", "advisory", "urgent", "flash", "bulletin", "snap", "alert",
    "wrapup", "factbox", "take", "embargo", "test", "replaces",
)  # fmt: skip
"""The closed set, in the order signals are listed in a story."""


class Found(msgspec.Struct, frozen=True):
    """What was read: signals in the order of the table, the numbers said with them, and the text without its tags."""

    signals: frozenset[str] = frozenset()
    sequence: dict[str, int] = {}
    text: str = ""


# Tags that stand before a headline or title, with a number where they carry one.
_TAGS: tuple[tuple[str, str], ...] = (
    ("update", r"UPDATE\s*(?P<n>\d+)?|UPDATED|ACTUALIZA|ACTUALIZACIÓN|ACTUALIZACION|AMPLIACIÓN|Ampl(?:iación|\.)|AKTUALISIERUNG|AKTUALISIERT|ATUALIZAÇÃO|ATUALIZA|MISE À JOUR|ACTUALISATION|AGGIORNAMENTO|ОБНОВЛЕНИЕ"),
    ("wrapup", r"WRAP-?\s?UP\s*(?P<n>\d+)?|ROUND-?UP(?=\s*[:-])|RESUMEN|SYNTHÈSE|(?P<n2>\d+)\.\s*ZUSAMMENFASSUNG|ZUSAMMENFASSUNG|ZF|RESUMO|SAMENVATTING"),
    ("repeat", r"RPT|REPEAT(?:ING)?|REPETICIÓN|REPITE|WIEDERHOLUNG|WDH|RÉPÉTITION|REPETIÇÃO|HERHALING|RIPETIZIONE|ПОВТОР"),
    ("refile", r"REFILE|REFILED"),
    ("correction", r"CORRECTED|CORRECTION|CORRECTS|CORRECTIVE|CORRECCIÓN|CORRECCION|CORRIGE|BERICHTIGUNG|BERICHTIGT|KORREKTUR|KORRIGIERT|RECTIFICATIF|CORRECTIF|CORREÇÃO|CORREÇAO|CORREGE|CORRIGE|CORRECTIE|RECTIFICATIE|CORREZIONE|ПОПРАВКА|OIKAISU|RÄTTELSE|RETTELSE"),
    ("kill", r"STORY WITHDRAWN|WITHDRAWN|WITHDRAWAL|KILL(?:ED)?|MANDATORY KILL|ANULACIÓN|ANULA(?:DA|DO)?|ANNULATION|ANNULE|ZURÜCKZIEHUNG|ZURÜCKGEZOGEN|STORNO|ANULAÇÃO|ANULADO|INTREKKING|INGETROKKEN|VERVALT|ANNULLAMENTO|АННУЛИРОВАНО|TRÅDETS TILLBAKA"),
    ("advisory", r"ADVISORY|MEDIA ADVISORY|AVISO|ACHTUNG|HINWEIS|AVIS|AVVISO|ATTENTIE|NOTE TO EDITORS"),
    ("urgent", r"URGENT|URGENTE|EIL|EILMELDUNG|SPOED|СРОЧНО|BREAKING"),
    ("bulletin", r"BULLETIN|BOLETÍN|BOLETIM"),
    ("flash", r"FLASH|BLITZ|BLITZMELDUNG|ALERTE|МОЛНИЯ"),
    ("alert", r"ALERT|ALERTA|APNewsAlert|NEWS ALERT"),
    ("snap", r"SNAP"),
    ("factbox", r"FACTBOX|FACT BOX|FAKTEN|HINTERGRUND"),
    ("test", r"TEST|TEST MESSAGE|THIS IS A TEST|PRUEBA|TESTMELDUNG|TESTE|ESSAI|PROVA"),
    ("writethru", r"(?P<n>\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\s+(?:Ld|Lead)[ -]Writethru|WRITETHRU|WRITETHROUGH"),
    ("lead", r"(?P<n>\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\s+(?:Ld|LD|LEAD|Lead)|LEAD\s+(?P<n2>\d+)|NEUFASSUNG"),
    ("take", r"TAKE\s+(?P<n>\d+)(?:\s+OF\s+(?P<of>\d+))?|(?P<n2>\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\s+(?:Take|ADD|Add)|TOMA\s+(?P<n3>\d+)|TEIL\s+(?P<n4>\d+)"),
)  # fmt: skip
_PREFIX = tuple(
    # Tags of headlines stand in capitals before a dash or colon, or in brackets: in capitals or as a title.
    (
        signal,
        re.compile(rf"\s*(?:[(\[*]+\s*)?(?:{words})\s*(?:[)\]*]+\s*[:–-]?|[-–—:/]+|\|)\s*"),
        re.compile(rf"\s*[(\[]\s*(?:{words})\s*[)\]]\s*[:–-]?\s*", re.IGNORECASE),
    )
    for signal, words in _TAGS
)  # fmt: skip
_UNNAMED = re.compile(r"\?P<\w+>")
_WORDS = _UNNAMED.sub("?:", "|".join(words for _, words in _TAGS))
# One look for any tag at all spares most headlines the table.
_MAYBE_TAG = re.compile(rf"\s*(?:[(\[*]|(?:{_WORDS})\s*[-–—:/|)\]])")
_MAYBE_WHOLE = re.compile(rf"\W*(?:{_WORDS})\W*", re.IGNORECASE)
_SUFFIX = tuple((signal, re.compile(rf"\s*[(\[]\s*(?:{words})\s*[)\]]\s*$", re.IGNORECASE)) for signal, words in _TAGS)
_WHOLE = tuple((signal, re.compile(rf"\W*(?:{words})\W*", re.IGNORECASE)) for signal, words in _TAGS)
_SLUG = tuple(
    (signal, re.compile(pattern))
    for signal, pattern in (
        ("update", r"\bUPDATE\s*(?P<n>\d+)?"),
        ("writethru", r"\b(?:(?P<n>\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\s*Ld-?)?Writethru\b"),
        ("lead", r"\b(?P<n>\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\s*(?:Ld|LEAD|Lead)\b(?!-?Writethru)"),
        ("alert", r"APNewsAlert|\bALERT\b"),
        ("advisory", r"\b(?:Advisory|ADVISORY)\b"),
        ("kill", r"\b(?:KILL|WITHDRAWN)\b"),
        ("correction", r"\b(?:CORRECTION|CORRECTED|Correction|Corrective)\b"),
        ("repeat", r"\bRPT\b"),
        ("wrapup", r"\bWRAPUP\s*(?P<n>\d+)?"),
        (
            "take",
            r"\b(?P<n>\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\s*(?:Take|Add)\b|\bTAKE\s*(?P<n2>\d+)(?:\s+OF\s+(?P<of>\d+))?",
        ),
        ("test", r"\bTEST\b"),
    )
)

# Structured codes, without their scheme prefix and without case.
CODES = {
    "update": "update", "updated": "update", "edstat:u": "update", "correction": "correction", "edstat:c": "correction", "corrected": "correction",
    "correct": "correction", "kill": "kill", "edstat:d": "kill", "canceled": "kill", "cancelled": "kill", "cancel": "kill", "withdrawn": "kill",
    "withdraw": "kill", "delete": "kill", "takedown": "kill", "retraction": "kill", "writethru": "writethru", "lead": "lead", "repeat": "repeat",
    "rpt": "repeat", "refile": "refile", "advisory": "advisory", "urgent": "urgent", "urgente": "urgent", "eil": "urgent", "flash": "flash", "blitz": "flash",
    "alerte": "flash", "alert": "alert", "newsalert": "alert", "apnewsalert": "alert", "bulletin": "bulletin", "snap": "snap", "wrapup": "wrapup",
    "factbox": "factbox", "take": "take", "embargo": "embargo", "embargoed": "embargo", "test": "test", "sig:test": "test", "test-only": "test",
    "replace": "replaces", "replaces": "replaces", "re-release": "repeat", "disregard": "kill", "spike": "kill", "recalled": "kill",
    "berichtigung": "correction", "wiederholung": "repeat", "eilmeldung": "urgent", "zusammenfassung": "wrapup",
}  # fmt: skip


_LONGEST_TAG = 40


def read_codes(codes: tuple[str, ...]) -> frozenset[str]:
    """The signals that structured codes (``sig:update``, ``edStat:C``, ``BULLETIN``) stand for."""
    found = set()
    for code in codes:
        folded = code.strip().casefold()
        signal = CODES.get(folded) or CODES.get(folded.rsplit(":", 1)[-1].rsplit("/", 1)[-1])
        if signal and not (folded.startswith("edstat:") and folded not in CODES):
            found.add(signal)
    return frozenset(found)


def read_headline(headline: str) -> Found:
    """The tags before (and in brackets behind) a headline, taken off it."""
    signals: set[str] = set()
    sequence: dict[str, int] = {}
    text = headline
    while _MAYBE_TAG.match(text):
        for signal, capitals, bracketed in _PREFIX:
            match = capitals.match(text) or bracketed.match(text)
            if match and match.end() < len(text):
                signals.add(signal)
                _count(signal, match, sequence)
                text = text[match.end() :].lstrip()
                break
        else:
            break
    if text.rstrip().endswith((")", "]")):
        for signal, pattern in _SUFFIX:
            match = pattern.search(text)
            if match and match.start() > 0:
                signals.add(signal)
                _count(signal, match, sequence)
                text = text[: match.start()].rstrip()
                break
    # A headline that is nothing but a tag stays as it is.
    for signal, pattern in _WHOLE if len(text) <= _LONGEST_TAG and _MAYBE_WHOLE.fullmatch(text) else ():
        match = pattern.fullmatch(text)
        if match:
            signals.add(signal)
            _count(signal, match, sequence)
    return Found(frozenset(signals), sequence, text)


def read_slugline(slugline: str) -> Found:
    """The signals a slugline or keyword line carries (``BC-US--Lobster, 1st Ld-Writethru``)."""
    signals: set[str] = set()
    sequence: dict[str, int] = {}
    for signal, pattern in _SLUG:
        match = pattern.search(slugline)
        if match:
            signals.add(signal)
            _count(signal, match, sequence)
    return Found(frozenset(signals), sequence, slugline)


def _count(signal: str, match: re.Match[str], sequence: dict[str, int]) -> None:
    for name, digits in match.groupdict().items():
        if digits and len(digits) <= 4:  # noqa: PLR2004  # no story has ten thousand updates
            sequence["takes" if name == "of" else signal] = int(digits)


# Notices: paragraphs or editor's notes that say what kind of message this is.
_NOTICES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (signal, re.compile(pattern, re.IGNORECASE))
    for signal, pattern in (
        ("kill", (r"\b(?:story|item|article|report|despatch|dispatch)\s+(?:is|has been|was)\s+(?:withdrawn|killed|retracted)\b|\b(?:please )?(?:kill|disregard|withdraw)\s+(?:the\s+)?(?:story|item|article|this|previous)|\beditors?:? kill\b|\bmandatory kill\b"
                 r"|\b(?:queda|ha sido|se) (?:anulada?|anula|retirada?|retira) (?:la|esta|el)?\s*(?:noticia|información|despacho)|\b(?:anulen|anular|retiren)\s+(?:la|esta)\s+(?:noticia|información)"
                 r"|\b(?:dépêche|information|article)\b.{0,60}\b(?:est annulée?|à annuler|retirée?)\b|\bveuillez annuler\b|\bmeldung\b.{0,80}\b(?:zurückgezogen|zurück gezogen|hinfällig|nicht (?:zu )?verwenden)\b|\bwir ziehen\b.{0,80}\bzurück\b"
                 r"|\b(?:bericht|artikel)\b.{0,60}\b(?:ingetrokken|vervalt|vervallen)\b|\b(?:notícia|matéria|texto)\b.{0,60}\b(?:anulad[ao]|retirad[ao]|cancelad[ao])\b|\bfavor (?:anular|desconsiderar)\b")),
        ("correction", r"^\W*(?:corrects?|correcting|corrected|correction|corrige|corregir|correcci[óo]n|berichtig\w*|korrigiert|korrektur|rectifi\w+|corrig\w+|correç\w+|correctie|gecorrigeerd)\b|\b(?:in \w+\.? \d+ story|in (?:this )?story),? corrects\b|\bcorrige (?:el|la|dato|cifra|erreur)|\bberichtigt\b.{0,60}\b(?:absatz|satz|überschrift)"),
        ("refile", r"^\W*(?:refiles?|refiling|removes? (?:extraneous|duplicate)|fixes? (?:typo|formatting|dateline|spelling))\b"),
        ("repeat", r"^\W*(?:repeats?|repeating|repetición|repite|wiederholung|wiederholt|répétition|répète|repetição|repete|herhaling|herhaalt)\b"),
        ("update", r"^\W*(?:updates?|updating|updated|adds?|recasts?|rewrites? throughout|changes? (?:dateline|headline|slug)|actualiza\w*|añade|amplía|aktualisiert|ergänzt|neu:?|actualis\w+|ajoute|avec|atualiza\w*|acrescenta|adiciona|voegt toe|toegevoegd|aangevuld|aggiorna\w*)\b"),
        ("advisory", r"^\W*(?:advisory|note to editors|editors?[’']? note:|attention editors|aviso a (?:los )?(?:suscriptores|editores)|hinweis an die redaktion\w*|achtung redaktionen|avis (?:aux|à) (?:rédactions|abonnés)|aviso aos (?:editores|assinantes)|let op redacties)"),
        ("test", r"^\W*(?:this is (?:only )?a test\b|test message\b|(?:esto|este) es (?:una|un mensaje de) prueba\b|das ist (?:nur )?ein test\b|dies ist (?:nur )?(?:ein test|eine testmeldung)\b|testmeldung\b|ceci est un (?:test|essai)\b|message de test\b|dit is een test\b|testbericht\b|isto é um teste\b|mensagem de teste\b|mensaje de prueba\b)"),
        ("writethru", r"\bwritethru\b|\bwritethrough\b"),
    )
)  # fmt: skip
_REPLACES = re.compile(
    r"(?P<whole>(?:\b(?:this\s+(?:story\s+)?)?(?:replaces|supersedes|substitutes)|\bsustituye|\bremplace|\bersetzt|\bvervangt|\bsubstitui|\bsostituisce)\b[^\n]{0,240})",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“”„«'‘’](?P<title>[^\"“”„«»]{4,160})[\"“”»'’]")
_URI = re.compile(r"\b(?:urn:|tag:)[^\s,;)]+")


def read_notice(notice: str) -> frozenset[str]:
    """The signals that a notice states in words."""
    return frozenset(signal for signal, pattern in _NOTICES if pattern.search(notice))


def read_replaces(notice: str) -> Replaces | None:
    """What a notice says it replaces (``vervangt``, ``sustituye``, ``remplace``, ``ersetzt``), or None."""
    match = _REPLACES.search(notice)
    if match is None:
        return None
    whole = match["whole"].strip(" ().[]")
    title = _QUOTED.search(whole)
    uri = _URI.search(whole)
    return Replaces(
        text=whole, headline=title["title"].strip() if title else None, uri=uri.group().rstrip(".") if uri else None
    )


STATUSES = {
    "usable": "usable", "withheld": "withheld", "canceled": CANCELED, "cancelled": CANCELED, "cancel": CANCELED, "killed": CANCELED, "kill": CANCELED,
    "withdrawn": CANCELED, "deleted": CANCELED, "embargoed": "withheld", "held": "withheld", "draft": "withheld", "published": "usable",
}  # fmt: skip


def read_status(status: str | None) -> tuple[str | None, bool]:
    """The `pubStatus` that a source's status means, and whether it was understood."""
    if not status or not status.strip():
        return None, True
    known = STATUSES.get(status.strip().casefold().rsplit(":", 1)[-1].rsplit("/", 1)[-1])
    return known, known is not None
