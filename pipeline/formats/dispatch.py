"""Which format a document is in, told by its bytes, and the one way in to all parsers."""

from importlib import import_module
from types import ModuleType

from pipeline.errors import Permanent
from pipeline.formats.charset import peek
from pipeline.formats.document import Document, Limits
from pipeline.item import Origin

_HEAD = 65_536
# The first that claims the document reads it: the surest signs come first, text takes what is left.
_FORMATS: tuple[str, ...] = ("anpa", "iptc7901", "xml_family", "page", "mail", "feed", "json_family", "plain")
_DEFAULT = Limits()


def parse(body: bytes, origin: Origin, limits: Limits = _DEFAULT) -> Document:
    """Read a document of any known format.

    Raises:
        Permanent: where nothing can be read: ``empty``, ``too_large``, ``unknown_format``, ``parser_fault``,
            or a parser's own code (``bad_xml``, ``bad_json``, ``no_items`` ...).
    """
    if len(body) > limits.body_bytes:
        raise Permanent("too_large", f"{len(body)} bytes, more than the {limits.body_bytes} allowed")
    if not body.strip(b" \t\r\n\x00"):
        raise Permanent("empty", "the document is empty")
    head = peek(body, _HEAD)
    for name in _FORMATS:
        module = _load(name)
        if module.sniff(head):
            return _guarded(module, body, origin, limits)
    raise Permanent("unknown_format", "the document is in no format known here")


def _guarded(module: ModuleType, body: bytes, origin: Origin, limits: Limits) -> Document:
    try:
        document: Document = module.read(body, origin, limits)
    except Permanent:
        raise
    except MemoryError:
        raise
    except Exception as error:
        # Documents are hostile: one that trips a parser costs itself and not the batch it came in.
        raise Permanent("parser_fault", f"{module.__name__.rpartition('.')[2]}: {type(error).__name__}") from error
    return document


def _load(name: str) -> ModuleType:
    # Loaded at first use: reading NewsML needs no feedparser, nor reading a feed trafilatura.
    return import_module(f"pipeline.formats.{name}")
