"""What polling remembers of its sources, in Valkey or Redis: for pollers on several machines.

Under the prefix, `SOURCE` being an id::

    pc:SOURCE   the cursor
    ps:SOURCE   hash: what was seen, by id; the values are the hash, the poll and the second (4 + 4 bytes)
    pw          hash: where in each of these the search for what is long gone stands
    po          sorted set: the owners alive, by the millisecond until which they are
    pl          hash: "FENCE OWNER" by source; held where the owner is alive
    pf          the last fence

Leases end with their owner, so that renewing thousands is one write. Every call is one round trip, and a script
where it writes. The server's clock decides, never the caller's.
"""

from collections.abc import Sequence

from pipeline.state.server_redis import answering, connect

Save = tuple[str, int, bytes, Sequence[tuple[bytes, bytes]], int]
"""Source, fence, cursor, what was seen as (id, hash) pairs, and the number of the poll that saw it."""

KEEP_SECONDS = 14 * 86_400
KEEP_POLLS = 200
IDLE_SECONDS = 90 * 86_400
"""After which a source that nobody polls is forgotten."""
_STAMP = 8

_SAVE = """
local prefix, keep_seconds, keep_polls, idle = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local now = tonumber(redis.call('TIME')[1])
local refused = {}
local at = 5
while at <= #ARGV do
    local source, fence, cursor = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    local poll, seen = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    local first = at + 5
    at = first + 2 * seen
    local lease = redis.call('HGET', prefix .. 'pl', source)
    if lease and string.match(lease, '^%d+') ~= fence then
        refused[#refused + 1] = source
    else
        local key = prefix .. 'ps:' .. source
        redis.call('SET', prefix .. 'pc:' .. source, cursor, 'EX', idle)
        for i = first, at - 2, 2 do
            redis.call('HSET', key, ARGV[i], ARGV[i + 1] .. struct.pack('<I4I4', poll, now))
        end
        if seen > 0 then
            -- A few are looked at each time, round and round, so that no call takes long.
            local here = redis.call('HGET', prefix .. 'pw', source) or '0'
            local found = redis.call('HSCAN', key, here, 'COUNT', 10 + 2 * seen)
            redis.call('HSET', prefix .. 'pw', source, found[1])
            for i = 1, #found[2], 2 do
                local value = found[2][i + 1]
                local last, second = struct.unpack('<I4I4', value, #value - 7)
                if last < poll - keep_polls and second < now - keep_seconds then
                    redis.call('HDEL', key, found[2][i])
                end
            end
        end
        redis.call('EXPIRE', key, idle)
    end
end
return refused
"""

_SHARE = """
local prefix, owner, lasting = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', prefix .. 'po', '-inf', now)
redis.call('ZADD', prefix .. 'po', now + lasting, owner)
local alive, owners = {}, redis.call('ZRANGE', prefix .. 'po', 0, -1)
for _, name in ipairs(owners) do alive[name] = true end
local fences, holders = {}, {}
local leases = redis.call('HGETALL', prefix .. 'pl')
for i = 1, #leases, 2 do
    local fence, holder = string.match(leases[i + 1], '^(%d+) (.*)$')
    fences[leases[i]] = fence
    holders[leases[i]] = alive[holder] and holder or ''
end
local fair = math.ceil((#ARGV - 3) / #owners)
local held, count, mine = {}, 0, {}
for i = 4, #ARGV do
    local source = ARGV[i]
    if holders[source] == owner then
        mine[source] = true
        if count < fair then
            count = count + 1
            held[#held + 1] = source
            held[#held + 1] = tonumber(fences[source])
        else
            redis.call('HSET', prefix .. 'pl', source, fences[source] .. ' ')
        end
    end
end
for source, holder in pairs(holders) do
    if holder == owner and not mine[source] then
        redis.call('HSET', prefix .. 'pl', source, fences[source] .. ' ')
    end
end
-- Grows even where a failover lost the last one.
local fence = math.max(tonumber(redis.call('GET', prefix .. 'pf') or '0') + 1, now)
local taken = false
for i = 4, #ARGV do
    if count >= fair then break end
    local source = ARGV[i]
    if not mine[source] and (holders[source] or '') == '' then
        taken, count, mine[source] = true, count + 1, true
        held[#held + 1] = source
        held[#held + 1] = fence
        redis.call('HSET', prefix .. 'pl', source, string.format('%.0f ', fence) .. owner)
    end
end
if taken then redis.call('SET', prefix .. 'pf', string.format('%.0f', fence)) end
return held
"""


class RedisPollMemory:
    """See `PollMemory`. Any number of processes on any number of machines may share one server."""

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "nw:",
        timeout: float = 10.0,
        keep_seconds: int = KEEP_SECONDS,
        keep_polls: int = KEEP_POLLS,
    ) -> None:
        """Connects when it is first used.

        Args:
            url: as `connect` takes it.
            prefix: of all keys.
            timeout: seconds, for each call.
            keep_seconds: what was seen is kept for at least this long,
            keep_polls: and for at least so many polls of its source.

        Raises:
            Fatal: the address can't be read.
        """
        self._client = connect(url, timeout)
        self._prefix = prefix
        self._kept = (keep_seconds, keep_polls, IDLE_SECONDS)
        self._save = self._client.register_script(_SAVE)
        self._share = self._client.register_script(_SHARE)

    def cursors(self, sources: Sequence[str]) -> dict[str, bytes]:
        """See `PollMemory.cursors`."""
        if not sources:
            return {}
        with answering():
            found = self._client.mget([f"{self._prefix}pc:{source}" for source in sources])
        return {source: cursor for source, cursor in zip(sources, found, strict=True) if cursor is not None}

    def seen(self, source: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """See `PollMemory.seen`."""
        if not ids:
            return {}
        with answering():
            found = self._client.hmget(f"{self._prefix}ps:{source}", list(ids))
        return {key: value[:-_STAMP] for key, value in zip(ids, found, strict=True) if value is not None}

    def save(self, saves: Sequence[Save], now: float) -> frozenset[str]:  # noqa: ARG002  # the server's clock decides
        """See `PollMemory.save`. All or nothing, but for sources whose lease another holds now."""
        if not saves:
            return frozenset()
        arguments: list[str | int | bytes] = [self._prefix, *self._kept]
        for source, fence, cursor, seen, poll in saves:
            arguments += (source, fence, cursor, poll, len(seen))
            arguments += (part for pair in seen for part in pair)
        with answering():
            refused: list[bytes] = self._save(args=arguments)
        return frozenset(source.decode() for source in refused)

    def share(
        self,
        owner: str,
        sources: Sequence[str],
        seconds: float,
        now: float,  # noqa: ARG002  # the server's clock decides
    ) -> dict[str, int]:
        """See `PollMemory.share`. The share is the sources divided by the owners alive.

        What an owner holds beyond it, or without asking for it, is given up, so that a newcomer finds work
        within one renewal. An owner that was late finds its leases again where nobody took them.
        """
        with answering():
            held: list[bytes] = self._share(args=[self._prefix, owner, int(seconds * 1000), *sources])
        pairs = iter(held)
        return {source.decode(): int(fence) for source, fence in zip(pairs, pairs, strict=True)}

    def leave(self, owner: str) -> None:
        """See `PollMemory.leave`."""
        with answering():
            self._client.zrem(f"{self._prefix}po", owner)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
