"""What web pages and wires put round the copy: a table of rules by language, and the walk that applies it.

A rule takes whole paragraphs, short ones, and every one taken is handed back with the rule's name.
"""
# ruff: noqa: E501  # a rule of the tables is one line, whatever its length

import re

import msgspec

from pipeline.story import Removed

_LONGEST = 200
"""A paragraph longer than this is copy, whatever it begins with."""
_TRAILING_LINK = 140


class Rule(msgspec.Struct, frozen=True):
    """`phrases` are whole paragraphs (case and end punctuation aside); `patterns` match from the start to the end.

    `heads` says that a paragraph found by this rule is the heading of a list of links.
    """

    name: str
    phrases: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    heads: bool = False


RULES: tuple[Rule, ...] = (
    Rule(
        "related_links",
        phrases=(
            # en
            "related articles", "related article", "related stories", "related links", "related news", "related posts", "related content",
            "related topics", "related", "more on this story", "more on this topic", "you may also like", "you might also like",
            "recommended", "recommended for you", "read next", "most read", "most popular", "trending", "trending now",
            "see also", "more from this section", "more stories", "latest news", "top stories", "also read", "don't miss",
            # es
            "noticias relacionadas", "artículos relacionados", "contenido relacionado", "te puede interesar", "también te puede interesar",
            "le puede interesar", "más noticias", "lo más leído", "enlaces relacionados", "lea también", "lee también",
            # pt
            "notícias relacionadas", "artigos relacionados", "leia também", "veja também", "leia mais", "mais lidas", "saiba mais",
            "conteúdo relacionado", "você também pode gostar", "relacionadas",
            # fr
            "articles liés", "articles similaires", "sur le même sujet", "à lire aussi", "lire aussi", "à lire également",
            "voir aussi", "les plus lus", "articles connexes", "vous aimerez aussi", "à découvrir aussi",
            # de
            "verwandte artikel", "ähnliche artikel", "mehr zum thema", "lesen sie auch", "das könnte sie auch interessieren",
            "auch interessant", "weitere artikel", "meistgelesen", "zum thema", "mehr dazu", "weitere meldungen",
            # it
            "articoli correlati", "notizie correlate", "leggi anche", "potrebbe interessarti", "ti potrebbe interessare",
            "i più letti", "vedi anche", "contenuti correlati",
            # nl
            "gerelateerde artikelen", "lees ook", "lees meer", "meer over dit onderwerp", "meest gelezen", "bekijk ook", "gerelateerd",
            # sv, da, nb, fi
            "läs också", "läs även", "läs mer", "relaterade artiklar", "mest lästa", "læs også", "relaterede artikler", "mest læste",
            "les også", "relaterte artikler", "mest lest", "lue myös", "luetuimmat", "aiheeseen liittyvät",
            # pl, cs, tr, ro
            "czytaj także", "czytaj też", "zobacz także", "zobacz też", "powiązane artykuły", "přečtěte si také", "související články",
            "čtěte také", "ilgili haberler", "bunlar da ilginizi çekebilir", "citește și", "articole similare",
            # ru, uk
            "читайте также", "материалы по теме", "по теме", "похожие новости", "смотрите также", "читайте також", "схожі новини",
            # zh, ja, ko, ar, id
            "相关阅读", "相关新闻", "相關新聞", "延伸閱讀", "推荐阅读", "関連記事", "関連ニュース", "あわせて読みたい", "관련기사", "관련 기사",
            "اقرأ أيضا", "اقرأ أيضاً", "مواضيع ذات صلة", "أخبار ذات صلة", "baca juga", "berita terkait", "artikel terkait",
        ),
        heads=True,
    ),
    Rule(
        "back_to_top",
        phrases=(
            "back to top button", "back to top", "top", "return to top", "volver arriba", "ir arriba", "volver al inicio", "voltar ao topo",
            "voltar ao início", "retour en haut", "haut de page", "nach oben", "zurück nach oben", "zum seitenanfang", "torna su",
            "torna all'inizio", "naar boven", "terug naar boven", "tillbaka till toppen", "till toppen", "tilbage til toppen",
            "tilbake til toppen", "takaisin ylös", "powrót do góry", "do góry", "nahoru", "zpět nahoru", "başa dön", "yukarı çık",
            "наверх", "вернуться к началу", "к началу", "返回顶部", "回到頂部", "ページトップへ", "맨 위로", "العودة إلى الأعلى", "kembali ke atas",
        ),
    ),
    Rule(
        "share",
        phrases=(
            "share", "share this", "share this article", "share this story", "share on facebook", "share on twitter", "tweet", "email", "print",
            "copy link", "compartir", "comparte", "compartir en facebook", "imprimir", "compartilhar", "compartilhe", "partilhar", "partager",
            "partager cet article", "imprimer", "teilen", "artikel teilen", "drucken", "merken", "condividi", "condividi su facebook", "stampa",
            "delen", "deel dit artikel", "dela", "dela artikeln", "del artikel", "del", "jaa", "jaa artikkeli", "udostępnij", "sdílet", "paylaş",
            "поделиться", "поділитися", "分享", "分享到", "シェア", "シェアする", "공유", "공유하기", "مشاركة", "شارك", "bagikan",
        ),
        patterns=(
            r"(?:share|follow us|find us|like us)\s+(?:this\s+\w+\s+)?(?:on|via)\s+(?:facebook|twitter|x|whatsapp|linkedin|instagram|telegram|google news)[\w ,&]*",
            r"(?:síguenos|síganos|siga-nos|suivez-nous|folgen sie uns|seguici|volg ons|följ oss|følg os|obserwuj nas|bizi takip edin|подпис\w+ на нас)\b.{0,80}",
        ),
    ),
    Rule(
        "subscribe",
        phrases=(
            "subscribe", "subscribe now", "sign up", "sign in", "log in", "newsletter", "suscríbete", "suscribirse", "boletín", "assine",
            "assinar", "inscreva-se", "s'abonner", "abonnez-vous", "abonnieren", "jetzt abonnieren", "abbonati", "iscriviti", "abonneren",
            "abonneer je", "prenumerera", "abonner", "abonnér", "tilaa", "subskrybuj", "zapisz się", "odebírat", "abone ol", "подписаться",
            "підписатися", "订阅", "訂閱", "購読する", "구독", "구독하기", "اشترك", "berlangganan",
        ),
        patterns=(
            r"(?:subscribe|sign up)\s+(?:to|for|here|now)\b.{0,120}(?:newsletter|e-?mail|updates|alerts|inbox|channel|subscription)\b.{0,60}",
            r"(?:suscríbete|suscríbase|inscreva-se|assine|abonnez-vous|inscrivez-vous|abonnieren sie|iscriviti|abbonati|abonneer|schrijf je in|meld je aan|prenumerera|tilmeld dig|meld deg på|tilaa|zapisz się|přihlaste se)\b.{0,140}(?:newsletter|boletín|boletim|infolettre|nieuwsbrief|nyhetsbrev|nyhedsbrev|uutiskirje|newslettera|canal|kanal)\b.{0,60}",
        ),
    ),
    Rule(
        "appeared_first",
        patterns=(
            r"(?:the|this)\s+(?:post|article|story)\s+.{1,140}\s(?:(?:first\s+)?appeared\s+(?:first\s+)?(?:on|in|at)|was\s+(?:first|originally)\s+published\s+(?:on|in|by|at))\s.{2,80}",
            r"(?:la entrada|el artículo|la publicación)\s+.{1,140}\s(?:se publicó primero|apareció primero|fue publicad[oa] primero)\s+e[nl]\s.{2,80}",
            r"o (?:post|artigo)\s+.{1,140}\sapareceu primeiro (?:em|no|na)\s.{2,80}",
            r"l[’']article\s+.{1,140}\sest apparu en premier sur\s.{2,80}",
            r"der beitrag\s+.{1,140}\serschien zuerst auf\s.{2,80}",
            r"l[’']articolo\s+.{1,140}\sproviene da\s.{2,80}",
            r"het bericht\s+.{1,140}\sverscheen eerst op\s.{2,80}",
            r"(?:inlägget|artikeln)\s+.{1,140}\sdök först upp på\s.{2,80}",
            r"(?:indlægget|innlegget)\s+.{1,140}\s(?:blev først udgivet på|dukket først opp på)\s.{2,80}",
            r"artykuł\s+.{1,140}\spochodzi z serwisu\s.{2,80}",
            r"(?:запись|сообщение)\s+.{1,140}\sвпервые появил[ао]сь\s+.{2,80}",
        ),
    ),
    Rule(
        "cookies",
        patterns=(
            r"(?:we|this (?:web)?site)\s+uses?\s+cookies\b.{0,140}",
            r"(?:usamos|utilizamos|este sitio (?:web )?(?:usa|utiliza)|este site (?:usa|utiliza))\s+cookies\b.{0,140}",
            r"(?:ce site|nous)\s+utilis\w+\s+des cookies\b.{0,140}",
            r"(?:diese (?:web)?s(?:eite|ite)|wir)\s+verwende[nt]\s+cookies\b.{0,140}",
            r"(?:questo sito|utilizziamo)\s+(?:utilizza |usa )?(?:i )?cookie\b.{0,140}",
            r"(?:deze (?:web)?site|wij|we)\s+(?:gebruikt|gebruiken)\s+cookies\b.{0,140}",
            r"(?:vi|den här webbplatsen|denne hjemmeside|dette nettstedet)\s+(?:använder|bruger|bruker)\s+(?:cookies|kakor|informasjonskapsler)\b.{0,140}",
            r"(?:мы|сайт)\s+использу\w+\s+(?:файлы\s+)?cookie\b.{0,140}",
            r"(?:ta strona|używamy)\s+(?:używa |plików )?(?:plików )?cookies?\b.{0,140}",
            r"(?:accept|aceptar|accepter|akzeptieren|accetta|accepteren)\s+(?:all |todas? (?:las )?|tous les |alle |tutti i )?cookies?",
        ),
    ),
    Rule(
        "image_credit",
        patterns=(
            r"\(?(?:photo|image|picture|pic|file photo|photograph|photo credit|image credit|image source)\s*(?:by|credit|courtesy of|:|©)\s*[:©]?\s*(?:[^.!?]|\b[A-Z]\.){2,100}\)?\.?",
            r"\(?(?:foto|fotografía|imagen|archivo|fotos|imagem|crédito da imagem|bild|bildquelle|immagine|fotó|zdjęcie|fot\.|kuva|фото|图片来源|图源|写真|사진)\s*(?:de archivo|de archivo de)?\s*[:©/：]\s*(?:[^.!?。]|\b[A-Z]\.){2,100}\)?\.?",
            r"\(?(?:photo|crédit photo|image|crédits?)\s*[:©]\s*(?:[^.!?]|\b[A-Z]\.){2,100}\)?",
            r"©\s*[^.!?]{2,80}(?:/\s*[^.!?]{2,60})?",
        ),
    ),
    Rule(
        "read_more",
        phrases=(
            "read more", "continue reading", "read full story", "read the full story", "read full article", "read the full article", "click here",
            "click here to read more", "view original", "source link", "view comments", "leave a comment", "comments", "advertisement", "ad",
            "sponsored", "sponsored content", "loading", "seguir leyendo", "leer más", "ver más", "publicidad", "anuncio", "comentarios",
            "continue lendo", "continuar lendo", "ler mais", "publicidade", "propaganda", "comentários", "lire la suite", "lire plus", "en savoir plus",
            "publicité", "commentaires", "weiterlesen", "mehr lesen", "anzeige", "werbung", "kommentare", "continua a leggere", "leggi tutto",
            "leggi di più", "pubblicità", "commenti", "lees verder", "advertentie", "reacties", "fortsätt läsa", "annons", "kommentarer",
            "læs mere", "læs videre", "annonce", "les mer", "annonse", "lue lisää", "mainos", "czytaj więcej", "czytaj dalej", "reklama", "komentarze",
            "číst dále", "číst více", "komentáře", "devamını oku", "reklam", "yorumlar", "читать далее", "читать полностью", "реклама",
            "комментарии", "читати далі", "阅读更多", "阅读全文", "閱讀更多", "廣告", "广告", "評論", "続きを読む", "広告", "더보기", "더 보기", "광고",
            "اقرأ المزيد", "إعلان", "baca selengkapnya", "iklan",
        ),
        patterns=(
            r"(?:read more|continue reading|read the (?:full|whole|rest of the)?\s*(?:story|article|report))\s*(?:at|on|here|:|→|»|…|\.\.\.)\s*.{0,140}",
            r"\[?(?:…|\.\.\.)\]?\s*(?:read more|continue reading|leer más|lire la suite|weiterlesen|leggi tutto|lees verder)\s*[→»]?",
            r"(?:lea|lee) (?:también|más|además)\s*[:|]\s*.{2,150}",
            r"(?:leia (?:também|mais)|à lire aussi|lire aussi|lesen sie auch|leggi anche|lees ook|läs (?:också|även|mer)|læs også|les også|lue myös|czytaj (?:także|też)|čtěte také|читайте также|also read|see also|read also|baca juga)\s*[:|]\s*.{2,150}",
        ),
    ),
)  # fmt: skip

_END = " \t\n:!?…>»→|-–—*•·[]()"
_AMBIGUOUS = frozenset(
    [
        "top",
        "related",
        "recommended",
        "trending",
        "print",
        "email",
        "ad",
        "comments",
        "share",
        "newsletter",
        "del",
        "dela",
        "merken",
        "jaa",
        "drucken",
        "stampa",
        "imprimir",
        "relacionadas",
        "anuncio",
        "comentarios",
        "anzeige",
        "werbung",
        "kommentare",
        "commenti",
        "reacties",
        "delen",
        "teilen",
        "mapa",
        "boletín",
        "gerelateerd",
        "reklama",
        "komentarze",
    ]
) | {"top stories", "latest news", "most read", "zum thema", "по теме", "más noticias", "sign in", "log in"}
"""Words that may also be a subhead: taken only where no copy follows them."""
_PHRASES: dict[str, Rule] = {phrase: rule for rule in RULES for phrase in rule.phrases}
_LONGEST_PHRASE = max(map(len, _PHRASES)) + 8
_PATTERNS: tuple[tuple[re.Pattern[str], Rule], ...] = tuple(
    (re.compile("|".join(f"(?:{pattern})" for pattern in rule.patterns), re.IGNORECASE), rule)
    for rule in RULES
    if rule.patterns
)
# One look at how a paragraph begins spares nearly all copy the patterns.
_OPENING = re.compile(
    r"[\[(]?(?:…|\.\.\.|©|(?:the (?:post|article|story) |this (?:post|article|story|(?:web)?site) |la (?:entrada|public)|el art|o (?:post|artigo) |l[’']artic|der beitrag|het bericht|inlägget|artikeln|indlægget|innlegget|artykuł|запись|сообщение"
    r"|share |follow us|find us|like us|subscribe |sign up|we uses? |usamos|utiliz|este s|ce site|nous utilis|diese (?:web)?s(?:eite|ite)|wir verw|questo sito|deze (?:web)?site|wij gebr|vi (?:anv|brug|bruk)|den här webb|denne hjem|dette nett"
    r"|мы|сайт|ta strona|używamy|accept|aceptar|akzept|photo|image|pic|file|foto|fot\.|imag|archivo|crédit|bild|immagine|zdjęcie|kuva|фото|图|写真|사진"
    r"|read (?:more|the|also)|continue read|lea |lee |leia|à lire|lire|lesen|leggi|lees|läs|læs|les |lue|czytaj|čtěte|читайте|also read|see also|baca"
    r"|síg|siga|suivez|folgen|seguici|volg|följ|følg|obserwuj|bizi|подпис|susc|insc|assin|abon|inscr|iscriv|abbon|schrijf|meld|pren|tilmeld|tilaa|zapisz|přihl))",
    re.IGNORECASE,
)


def strip_furniture(paragraphs: list[str], known: set[str]) -> tuple[list[str], list[Removed]]:
    """`paragraphs` without page furniture, and what was taken.

    `known` are paragraphs that no rule takes, found in an earlier round; this round's are added.
    """
    kept: list[str] = []
    removed: list[Removed] = []
    heading_at: int | None = None
    last_copy = _last_copy(paragraphs)
    for index, paragraph in enumerate(paragraphs):
        if paragraph in known:
            kept.append(paragraph)
            continue
        rule = match_rule(paragraph)
        if rule is None:
            known.add(paragraph)
        if rule is None or (index < last_copy and paragraph.casefold().strip(_END) in _AMBIGUOUS):
            kept.append(paragraph)
            continue
        removed.append(Removed(rule=rule.name, text=paragraph))
        if rule.heads and heading_at is None:
            heading_at = len(kept)
    if heading_at is not None and 0 < heading_at < len(kept) and all(map(_is_link_title, kept[heading_at:])):
        removed += [Removed(rule="related_link_item", text=title) for title in kept[heading_at:]]
        del kept[heading_at:]
    return kept, removed


def _last_copy(paragraphs: list[str]) -> int:
    """The index of the last paragraph that is a sentence, or -1."""
    return next((i for i in range(len(paragraphs) - 1, -1, -1) if not _is_link_title(paragraphs[i])), -1)


def match_rule(paragraph: str) -> Rule | None:
    """The rule that takes `paragraph`, or None where it is copy."""
    if len(paragraph) > _LONGEST:
        return None
    if len(paragraph) <= _LONGEST_PHRASE:
        rule = _PHRASES.get(paragraph.casefold().strip(_END))
        if rule is not None:
            return rule
    if _OPENING.match(paragraph):
        for pattern, owner in _PATTERNS:
            if pattern.fullmatch(paragraph):
                return owner
    return None


def _is_link_title(paragraph: str) -> bool:
    return len(paragraph) <= _TRAILING_LINK and not paragraph.rstrip().endswith((".", "!", "”", '"', "。", "»"))
