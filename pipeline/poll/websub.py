"""WebSub (W3C Recommendation of 2018) as decided: which hub, when to ask it, and who may call back.

Everything that proves a call is derived from one secret of the installation, so that any of its processes can
judge a call, and none has to remember what it asked for.
"""

import hashlib
import hmac

from msgspec.structs import replace

from pipeline.formats import FeedHints
from pipeline.poll.cursor import Subscription
from pipeline.poll.fetch import Answer
from pipeline.poll.sources import Interval

LEASE = 10 * 86_400
"""Seconds of lease to ask for; hubs grant what they like."""
_SHORTEST_LEASE, _LONGEST_LEASE = 300.0, 90 * 86_400.0
_FIRST_RETRY, _LONGEST_RETRY = 3_600.0, 86_400.0
_ALGORITHMS = {
    # Hubs from before the Recommendation still sign with it; a keyed hash doesn't suffer from its collisions.
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}


class Keys:
    """The callback of each source, and the secret its hub signs with."""

    def __init__(self, callback: str, secret: str) -> None:
        """`callback` is the public address in front of this installation's HTTP side, without a path of its own."""
        self._callback = callback.rstrip("/")
        self._secret = secret.encode()

    def callback(self, source: str, topic: str) -> str:
        """Where the hub is to call."""
        return f"{self._callback}/websub/{source}/{self.token(source, topic)}"

    def token(self, source: str, topic: str) -> str:
        """The unguessable part of the callback; only we can have made it, for this topic."""
        return self._derived("callback", source, topic)[:40]

    def secret(self, source: str, token: str) -> str:
        """What the hub signs deliveries to this callback with."""
        return self._derived("delivery", source, token)

    def proven(self, source: str, token: str, signature: str, body: bytes) -> bool:
        """Whether ``X-Hub-Signature`` shows that the body comes from the hub that got our secret (section 7.1)."""
        name, _, digest = signature.partition("=")
        algorithm = _ALGORITHMS.get(name.strip().lower())
        if algorithm is None:
            return False
        expected = hmac.new(self.secret(source, token).encode(), body, algorithm).hexdigest()
        return hmac.compare_digest(expected.encode(), digest.strip().lower().encode())

    def _derived(self, *parts: str) -> str:
        return hmac.new(self._secret, "\0".join(parts).encode(), hashlib.sha256).hexdigest()


def followed(before: Subscription | None, answer: Answer, hints: FeedHints | None) -> Subscription | None:
    """The subscription to keep, by what the feed says now: headers go before the document (section 4).

    One that stands stays while the feed still names its hub, in whatever order. The topic is the feed's own
    word for its address, else where it was found.
    """
    hubs = [url for rel, url in answer.links if rel == "hub"]
    topics = [url for rel, url in answer.links if rel == "self"]
    if hints is not None:
        hubs += hints.hubs
        topics += [hints.self_url] if hints.self_url else []
    hubs = [hub for hub in hubs if hub.startswith(("https://", "http://"))]
    if not hubs:
        return None
    topic = next((t for t in topics if t.startswith(("https://", "http://"))), answer.url)
    if before is not None and before.hub in hubs and before.topic == topic:
        return before
    return Subscription(hub=hubs[0], topic=topic)


def asked(subscription: Subscription, now: float) -> Subscription:
    """As it stands once a request is on its way: without an answer, the next follows later and later."""
    wait = min(_LONGEST_RETRY, _FIRST_RETRY * 2.0 ** min(subscription.tries, 10))
    return replace(subscription, asked=now, tries=subscription.tries + 1, renew=now + wait)


def confirmed(subscription: Subscription, seconds: float | None, now: float) -> Subscription:
    """As it stands once the hub has verified it and granted `seconds`; renewed when half of these are over."""
    lease = min(_LONGEST_LEASE, max(_SHORTEST_LEASE, LEASE if seconds is None else seconds))
    return replace(subscription, tries=0, renew=now + lease / 2, until=now + lease)


def denied(subscription: Subscription, now: float) -> Subscription:
    """As it stands once the hub has refused it (section 5.2)."""
    return replace(subscription, renew=now + _LONGEST_RETRY, until=0.0, trusted=False)


def slowed(subscription: Subscription | None, wait: float, bounds: Interval, now: float) -> float:
    """Seconds to the next poll where `wait` would be right without a hub.

    A hub may fail silently, so polling goes on; but while the hub is first with everything, at the longest
    interval. A poll that finds what it did not bring ends that until it brings something again.
    """
    if subscription is None or not subscription.trusted or subscription.until <= now:
        return wait
    return max(wait, min(bounds.max, subscription.until - now))
