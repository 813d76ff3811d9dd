"""The IPTC's own controlled vocabularies, so that a qcode can be told by its full address.

Source: the IPTC catalog for NewsML-G2 (cv.iptc.org). An item's inline catalog counts for more; the catalogs of
single providers live on their servers, which a parser does not ask.
"""

_NEWSCODES = "http://cv.iptc.org/newscodes/"
# Alias -> last part of the vocabulary's address, where the two differ.
_RENAMED = {
    "stat": "pubstatusg2",
    "ninat": "ninature",
    "icls": "ninature",
    "cinat": "cinature",
    "cpnat": "cpnature",
    "sig": "signal",
    "subj": "subjectcode",
    "rnd": "rendition",
    "crole": "contentprodpartyrole",
    "cptype": "cptype",
    "drol": "descriptionrole",
    "hrol": "headlinerole",
    "krole": "krole",
    "nrol": "namerole",
    "irel": "itemrelation",
    "crel": "conceptrelation",
    "why": "whypresent",
    "how": "howextracted",
    "pgrmod": "pgrmod",
    "geoprop": "geofeature",
    "cvtype": "cvtype",
    "edconf": "confirmation",
    "evol": "valuechangetype",
    "plinat": "plinature",
    "ncostat": "newscoveragestatus",
    "nedcovstat": "newscoveragestatus",
    "rol": "role",
    "rscaleunit": "ratingscaleunit",
    "roltype": "roletype",
    "vidfmt": "videofmt",
    "audfmt": "audiofmt",
    "adc": "audiocodec",
    "vdc": "videocodec",
    "colsp": "colorspace",
    "frl": "filmrole",
    "group": "group",
    "access": "access",
    "aspct": "aspectratio",
}
_SAME = """
    medtop genre spsubj spact spcomp spfact splevel scene digsrctype dtype encd mediaorgtype newsprovider mediatopic
    mtype pubstatus urgency isrol expertise attribute occurrencestatus copyrightstatus
"""
SCHEMES = {alias: f"{_NEWSCODES}{last}/" for alias, last in _RENAMED.items()}
SCHEMES |= {alias: f"{_NEWSCODES}{alias}/" for alias in _SAME.split()}
SCHEMES |= {"nprov": f"{_NEWSCODES}newsprovider/", "iso3166-1a2": "http://cvx.iptc.org/iso3166-1a2/"}


def resolve(qcode: str | None, schemes: dict[str, str]) -> str | None:
    """The full address of a qcode, or None where its alias is in no catalog known."""
    alias, colon, code = (qcode or "").partition(":")
    address = schemes.get(alias) or SCHEMES.get(alias.lower())
    return f"{address}{code}" if colon and code and address else None


def code_of(qcode: str | None) -> str | None:
    """The code in a qcode: ``usable`` of ``stat:usable``."""
    if not qcode:
        return None
    return qcode.rpartition(":")[2] or None
