"""The memory of stories in Valkey or Redis: for deduplicating workers on several machines.

Under the prefix, `HASH` being 16 bytes::

    dcHASH     what was decided under a claim
    dsHASH     of a story: the number of its last member (8 bytes, 0 for none) and what is known of it
    dn         the highest number of a member
    dm         stream: what finding each member needs, by number
    dtNUMBER   the rest of a member

Every call is one round trip, and a script where it writes.
"""

import struct
from collections.abc import Mapping, Sequence

import msgspec
import xxhash

from pipeline.deduplicate.decision import Decision, Known
from pipeline.deduplicate.member import Mark, Member
from pipeline.errors import Fatal
from pipeline.state.server_redis import answering, connect

KEEP_SECONDS = 30 * 86_400
_MARKS = 5000
_FORGET = 2
"""Members forgotten for each one remembered, at most; so the oldest go faster than new ones come."""
_TIMES = struct.Struct("<qq")
_NUMBER = 8

_REMEMBER = """
local prefix, keep, after, expired = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local claims, stories, members = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local last = tonumber(redis.call('GET', prefix .. 'dn') or '0')
if after >= 0 and last ~= after then return last end
local at = 8
for _ = 1, claims do
    redis.call('SET', prefix .. 'dc' .. ARGV[at], ARGV[at + 1], 'EX', keep, 'NX')
    at = at + 2
end
for _ = 1, stories do
    local key = prefix .. 'ds' .. ARGV[at]
    local number = redis.call('GETRANGE', key, 0, 7)
    if number == '' then number = struct.pack('<I8', 0) end
    redis.call('SET', key, number .. ARGV[at + 1], 'EX', keep)
    at = at + 2
end
for number = last + 1, last + members do
    local story, mark, text = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    redis.call('XADD', prefix .. 'dm', string.format('%.0f-0', number), '', mark)
    redis.call('SET', prefix .. 'dt' .. string.format('%.0f', number), text, 'EX', keep)
    if redis.call('EXISTS', prefix .. 'ds' .. story) == 1 then
        redis.call('SETRANGE', prefix .. 'ds' .. story, 0, struct.pack('<I8', number))
    end
    at = at + 3
end
if members > 0 then
    redis.call('SET', prefix .. 'dn', string.format('%.0f', last + members))
    for _, entry in ipairs(redis.call('XRANGE', prefix .. 'dm', '-', '+', 'COUNT', FORGET * members)) do
        local _, seen = struct.unpack('<i8i8', entry[2][2])
        if seen < expired then
            redis.call('XDEL', prefix .. 'dm', entry[1])
            redis.call('UNLINK', prefix .. 'dt' .. string.match(entry[1], '^%d+'))
        end
    end
    redis.call('EXPIRE', prefix .. 'dm', keep)
end
return -1
""".replace("FORGET", str(_FORGET))

_SINCE = """
local last = tonumber(redis.call('GET', ARGV[1] .. 'dn') or '0')
return {last, redis.call('XRANGE', ARGV[1] .. 'dm', '(' .. ARGV[2] .. '-0', '+', 'COUNT', ARGV[3])}
"""

_MEMBERS = """
local found = {}
for i = 2, #ARGV do
    local mark = redis.call('XRANGE', ARGV[1] .. 'dm', ARGV[i] .. '-0', ARGV[i] .. '-0')[1]
    local text = mark and redis.call('GET', ARGV[1] .. 'dt' .. ARGV[i])
    found[i - 1] = text and {mark[2][2], text} or false
end
return found
"""

_TEXTS = """
local found = {}
for i = 2, #ARGV do
    local packed = redis.call('GETRANGE', ARGV[1] .. 'ds' .. ARGV[i], 0, 7)
    local number = packed ~= '' and string.format('%.0f', struct.unpack('<I8', packed)) or '0'
    local mark = number ~= '0' and redis.call('XRANGE', ARGV[1] .. 'dm', number .. '-0', number .. '-0')[1]
    local text = mark and redis.call('GET', ARGV[1] .. 'dt' .. number)
    found[i - 1] = text and {mark[2][2], text} or false
end
return found
"""


class _LeanDecision(Decision, frozen=True, omit_defaults=True): ...


class _LeanKnown(Known, frozen=True, omit_defaults=True): ...


_pack = msgspec.msgpack.Encoder().encode
_decision = msgspec.msgpack.Decoder(Decision).decode
_known = msgspec.msgpack.Decoder(Known).decode
_text = msgspec.msgpack.Decoder(tuple[str, str, str, int, bool, bytes, bytes, bytes]).decode


class RedisStoryIndex:
    """See `StoryIndex`. Any number of workers on any number of machines may share one server."""

    def __init__(
        self, url: str, *, prefix: str = "nw:", timeout: float = 10.0, keep_seconds: int = KEEP_SECONDS
    ) -> None:
        """Connects when it is first used.

        Args:
            url: as `connect` takes it.
            prefix: of all keys.
            timeout: seconds, for each call.
            keep_seconds: after which everything is forgotten; a story counts from its last version.

        Raises:
            Fatal: the address can't be read.
        """
        self._client = connect(url, timeout)
        self._prefix = prefix.encode()
        self._keep = keep_seconds
        self._remember = self._client.register_script(_REMEMBER)
        self._since = self._client.register_script(_SINCE)
        self._members = self._client.register_script(_MEMBERS)
        self._texts = self._client.register_script(_TEXTS)

    def claims(self, claims: Sequence[str]) -> Mapping[str, Decision]:
        """See `StoryIndex.claims`."""
        return {claim: _decision(packed) for claim, packed in self._values(b"dc", claims).items()}

    def known(self, uris: Sequence[str]) -> Mapping[str, Known]:
        """See `StoryIndex.known`."""
        return {uri: _known(packed[_NUMBER:]) for uri, packed in self._values(b"ds", uris).items()}

    def texts(self, uris: Sequence[str]) -> Mapping[str, Member]:
        """See `StoryIndex.texts`."""
        wanted = list(dict.fromkeys(uris))
        if not wanted:
            return {}
        with answering():
            found = self._texts(args=[self._prefix, *map(_short, wanted)])
        return {uri: _member(*pair) for uri, pair in zip(wanted, found, strict=True) if pair}

    def since(self, number: int) -> Sequence[Mark]:
        """See `StoryIndex.since`.

        Raises:
            Fatal: the server has lost members that were seen.
        """
        with answering():
            last, entries = self._since(args=[self._prefix, number, _MARKS])
        _not_before(last, number)
        return [_mark(name, packed) for name, (_, packed) in entries]

    def members(self, numbers: Sequence[int]) -> Mapping[int, Member]:
        """See `StoryIndex.members`."""
        wanted = list(dict.fromkeys(numbers))
        if not wanted:
            return {}
        with answering():
            found = self._members(args=[self._prefix, *wanted])
        return {number: _member(*pair) for number, pair in zip(wanted, found, strict=True) if pair}

    def remember(
        self,
        claims: Mapping[str, Decision],
        stories: Mapping[str, Known],
        members: Sequence[Member] = (),
        *,
        after: int | None = None,
        expired: int = 0,
    ) -> bool:
        """See `StoryIndex.remember`.

        Raises:
            Fatal: the server has lost members that were seen.
        """
        sizes = (len(claims), len(stories), len(members))
        arguments: list[bytes | int] = [self._prefix, self._keep, -1 if after is None else after, expired, *sizes]
        for claim, decision in claims.items():
            arguments += (_short(claim), _pack(_LeanDecision(*msgspec.structs.astuple(decision))))
        for uri, known in stories.items():
            arguments += (_short(uri), _pack(_LeanKnown(*msgspec.structs.astuple(known))))
        for member in members:
            arguments += (_short(member.uri), _TIMES.pack(member.time, member.seen) + member.bands, _packed(member))
        with answering():
            last = self._remember(args=arguments)
        if after is not None and last >= 0:
            _not_before(last, after)
        return bool(last < 0)

    def close(self) -> None:
        """See `StoryIndex.close`."""
        self._client.close()

    def _values(self, kind: bytes, names: Sequence[str]) -> dict[str, bytes]:
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return {}
        with answering():
            found = self._client.mget([self._prefix + kind + _short(name) for name in wanted])
        return {name: packed for name, packed in zip(wanted, found, strict=True) if packed is not None}


def _short(name: str) -> bytes:
    return xxhash.xxh3_128_digest(name.encode("utf-8", "surrogatepass"))


def _not_before(last: int, seen: int) -> None:
    if last < seen:
        # A failover may do that. Numbers are then given anew, so what this process read by them is no longer true.
        raise Fatal(f"the memory of stories went back from member {seen} to {last}: start again and read it anew")


def _mark(name: bytes, packed: bytes) -> Mark:
    time, seen = _TIMES.unpack_from(packed)
    return Mark(int(name.partition(b"-")[0]), time, seen, packed[_TIMES.size :])


def _packed(m: Member) -> bytes:
    return _pack((m.uri, m.cluster, m.provider, m.tokens, m.suppresses, m.body, m.shingles, m.figures))


def _member(mark: bytes, text: bytes) -> Member:
    uri, cluster, provider, tokens, suppresses, body, shingles, figures = _text(text)
    time, seen = _TIMES.unpack_from(mark)
    return Member(uri, cluster, provider, time, seen, tokens, suppresses, body, mark[_TIMES.size :], shingles, figures)
