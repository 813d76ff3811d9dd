"""The copy of the simulated wire: sentences put together from tables, in four languages.

Places are real, people and events are not. The text is drawn so that two different events share little
of it, and a later version of one event shares most.
"""

from random import Random

import msgspec


class Phrases(msgspec.Struct, frozen=True):
    """The tables of one language. `{city}`, `{person}`, `{body}`, `{n}` and `{day}` are filled in."""

    leads: tuple[str, ...]
    headlines: tuple[str, ...]
    middles: tuple[str, ...]
    quotes: tuple[str, ...]
    bodies: tuple[str, ...]
    update: str
    correction: str


PEOPLE = (
    "Ilse Marwick",
    "Tomas Verhagen",
    "Aurora Quintela",
    "Kenji Morimoto",
    "Nadia Belhadj",
    "Oskar Lindqvist",
    "Priya Raghunath",
    "Mateo Arriaga",
    "Hanne Solberg",
    "Goran Petrovic",
    "Amara Okafor",
    "Lucien Fabregas",
)

ENGLISH = Phrases(
    leads=(
        "{body} said on {day} that repairs to the harbour bridge would close {n} lanes until spring.",
        "Negotiators for {body} left the talks on {day} without agreeing on pay for {n} nurses.",
        "Heavy rain cut the road into the valley on {day}, and {body} moved {n} people to schools.",
        "The ferry line will drop {n} sailings a week, {body} announced on {day}.",
        "A fire in a grain store burned for {n} hours before crews put it out on {day}, {body} said.",
        "Voters in {n} districts go back to the polls after {body} found errors in the count on {day}.",
    ),
    headlines=(
        "Bridge repairs to close {n} lanes in {city}",
        "Talks on pay for {n} nurses end without a deal",
        "Flood cuts valley road, {n} moved to schools",
        "Ferry line to drop {n} sailings a week",
        "Grain store in {city} burns for {n} hours",
        "Count errors send {n} districts back to the polls",
    ),
    middles=(
        "The work was planned for last year and put off {n} times, according to the minutes of the council.",
        "Shops along the river reported {n} calls for help within the first hour.",
        "A similar case in {city} took {n} months to settle.",
        "Inspectors counted {n} faults in the eastern section alone.",
        "The union represents {n} members in the region and keeps a strike fund.",
        "Forecasters expect up to {n} millimetres more before the weekend.",
        "The budget set aside {n} million for it, a third of what engineers had asked for.",
        "Neighbouring towns sent {n} pumps and two boats overnight.",
    ),
    quotes=(
        "“We would rather close it for a season than lose it for good,” said {person}, who leads the works.",
        "“Nobody here has slept, and nobody is complaining about it,” {person} told reporters.",
        "“The figures were wrong, and we said so as soon as we knew,” said {person}.",
    ),
    bodies=("the port authority", "the regional council", "the fire service", "the election board"),
    update="Updates with comment and new figure",
    correction="Corrects figure in first paragraph",
)

SPANISH = Phrases(
    leads=(
        "{body} anunció el {day} que las obras del puente cerrarán {n} carriles hasta la primavera.",
        "La reunión sobre el salario de {n} enfermeras terminó el {day} sin acuerdo, informó {body}.",
        "La lluvia cortó el {day} la carretera del valle y {body} alojó a {n} personas en escuelas.",
        "La línea de transbordadores suprimirá {n} viajes por semana, según dijo el {day} {body}.",
    ),
    headlines=(
        "Las obras del puente cerrarán {n} carriles en {city}",
        "Sin acuerdo sobre el salario de {n} enfermeras",
        "La lluvia corta el valle y {n} personas duermen en escuelas",
        "Habrá {n} transbordadores menos por semana",
    ),
    middles=(
        "El proyecto se aplazó {n} veces, de acuerdo con las actas del pleno.",
        "Los comercios de la ribera hicieron {n} llamadas en la primera hora.",
        "Un caso parecido en {city} tardó {n} meses en resolverse.",
        "El sindicato agrupa a {n} afiliados en la región.",
        "Los pueblos vecinos enviaron {n} bombas y dos lanchas durante la noche.",
    ),
    quotes=(
        "“Preferimos cerrarlo una temporada que perderlo para siempre”, dijo {person}.",
        "“Aquí no ha dormido nadie y nadie se queja”, aseguró {person} a los periodistas.",
    ),
    bodies=("la autoridad portuaria", "el consejo regional", "el cuerpo de bomberos"),
    update="Actualiza con declaraciones",
    correction="Corrige cifra en el primer párrafo",
)

GERMAN = Phrases(
    leads=(
        "Wegen Arbeiten an der Hafenbrücke fallen bis zum Frühjahr {n} Spuren weg, teilte {body} am {day} mit.",
        "Die Gespräche über den Lohn von {n} Pflegekräften endeten am {day} ohne Ergebnis, sagte {body}.",
        "Starker Regen schnitt am {day} das Tal ab; {body} brachte {n} Menschen in Schulen unter.",
        "Ein Getreidelager brannte {n} Stunden lang, ehe {body} das Feuer am {day} löschte.",
    ),
    headlines=(
        "Brückenarbeiten kosten {city} {n} Spuren",
        "Keine Einigung über Lohn für {n} Pflegekräfte",
        "Regen schneidet Tal ab: {n} Menschen in Schulen",
        "Getreidelager brennt {n} Stunden",
    ),
    middles=(
        "Das Vorhaben war nach den Protokollen des Rates {n} Mal verschoben worden.",
        "Aus den Läden am Ufer kamen in der ersten Stunde {n} Hilferufe.",
        "Ein ähnlicher Fall in {city} zog sich {n} Monate hin.",
        "Die Prüfer zählten allein im östlichen Teil {n} Mängel.",
        "Nachbarorte schickten über Nacht {n} Pumpen und zwei Boote.",
    ),
    quotes=(
        "„Lieber eine Saison gesperrt als für immer verloren“, sagte {person}.",
        "„Hier hat niemand geschlafen, und niemand klagt darüber“, sagte {person} vor Journalisten.",
    ),
    bodies=("die Hafenbehörde", "der Regionalrat", "die Feuerwehr"),
    update="Neu: Stellungnahme",
    correction="Berichtigung: Zahl im ersten Absatz",
)

FRENCH = Phrases(
    leads=(
        "Les travaux du pont fermeront {n} voies jusqu'au printemps, a annoncé {day} {body}.",
        "La réunion sur le salaire de {n} infirmières s'est achevée {day} sans accord, selon {body}.",
        "La pluie a coupé {day} la route de la vallée et {body} a logé {n} personnes dans des écoles.",
    ),
    headlines=(
        "Le pont de {city} perd {n} voies",
        "Pas d'accord sur le salaire de {n} infirmières",
        "La pluie coupe la vallée, {n} personnes logées dans des écoles",
    ),
    middles=(
        "Le projet avait été reporté {n} fois, d'après les comptes rendus du conseil.",
        "Les commerces de la rive ont passé {n} appels dans la première heure.",
        "Une affaire semblable à {city} avait duré {n} mois.",
        "Les communes voisines ont envoyé {n} pompes et deux barques pendant la nuit.",
    ),
    quotes=(
        "« Mieux vaut le fermer une saison que le perdre pour toujours », a déclaré {person}.",
        "« Ici personne n'a dormi et personne ne s'en plaint », a dit {person} à la presse.",
    ),
    bodies=("l'autorité portuaire", "le conseil régional", "le service d'incendie"),
    update="Actualisation avec réactions",
    correction="Correction du chiffre au premier paragraphe",
)

PHRASES = {"en": ENGLISH, "es": SPANISH, "de": GERMAN, "fr": FRENCH}
DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}


def compose(language: str, random: Random, cities: tuple[str, ...], city: str, weekday: int) -> tuple[str, list[str]]:
    """A headline and the paragraphs of one event; `weekday` counts from Monday, 0."""
    phrases = PHRASES[language]
    choice = random.randrange(len(phrases.leads))
    day, body, number = DAYS[language][weekday], random.choice(phrases.bodies), str(random.randint(3, 990))

    def fill(text: str, *, fresh: bool = True) -> str:
        n = str(random.randint(2, 990)) if fresh else number
        other = random.choice(cities)
        filled = text.format(city=other if fresh else city, person=random.choice(PEOPLE), body=body, n=n, day=day)
        return filled[0].upper() + filled[1:]

    middles = random.sample(phrases.middles, k=min(len(phrases.middles), random.randint(3, 5)))
    paragraphs = [fill(phrases.leads[choice], fresh=False), *map(fill, middles)]
    paragraphs.insert(2, fill(random.choice(phrases.quotes)))
    return fill(phrases.headlines[choice], fresh=False), paragraphs
