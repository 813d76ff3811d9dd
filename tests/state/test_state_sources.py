"""What every memory of polling promises, on SQLite and on a server."""

import threading
import time

NAMES = [f"source-{n}" for n in range(10)]
LONG, SHORT = 30.0, 0.4


def test_what_is_saved_is_there_for_another_process(open_memory):
    one, other = open_memory(), open_memory()
    marks = [(bytes([n, 0, 255, 10, 13, 1, 2, 3]), bytes(range(n))) for n in range(33)]
    saves = [("ñandú", 1, b"\0cursor\xff", marks, 1), ("empty", 1, b"", (), 1)]
    assert one.save(saves, time.time()) == frozenset()
    assert other.cursors(["ñandú", "empty", "none"]) == {"ñandú": b"\0cursor\xff", "empty": b""}
    assert other.seen("ñandú", [key for key, _ in marks] + [b"8 bytes!"]) == dict(marks)
    assert other.seen("empty", [marks[0][0]]) == {}


def test_what_was_seen_again_has_its_newest_hash(open_memory):
    memory = open_memory()
    memory.save([("a", 1, b"1", [(b"12345678", b"old"), (b"other678", b"x")], 1)], time.time())
    memory.save([("a", 1, b"2", [(b"12345678", b"new")], 2)], time.time())
    assert memory.cursors(["a"]) == {"a": b"2"}
    assert memory.seen("a", [b"12345678", b"other678"]) == {b"12345678": b"new", b"other678": b"x"}


def test_nothing_asked_is_nothing_found(open_memory):
    memory = open_memory()
    assert (memory.cursors([]), memory.seen("a", [])) == ({}, {})
    assert memory.save([], time.time()) == frozenset()
    assert memory.share("one", [], LONG, time.time()) == {}


def test_a_second_poller_gets_its_half_within_one_renewal(open_memory):
    one, other = open_memory(), open_memory()
    first = one.share("one", NAMES, LONG, time.time())
    assert sorted(first) == NAMES
    assert other.share("other", NAMES, LONG, time.time()) == {}
    kept = one.share("one", NAMES, LONG, time.time())
    assert len(kept) == 5
    assert all(first[name] == kept[name] for name in kept)
    taken = other.share("other", NAMES, LONG, time.time())
    assert sorted([*kept, *taken]) == NAMES
    assert all(taken[name] > first[name] for name in taken)
    assert other.share("other", NAMES, LONG, time.time()) == taken


def test_an_old_fence_is_refused_and_the_rest_is_saved(open_memory):
    one, other = open_memory(), open_memory()
    old = one.share("one", NAMES, SHORT, time.time())
    time.sleep(SHORT + 0.05)
    new = other.share("other", NAMES, LONG, time.time())
    assert sorted(new) == NAMES
    refused = one.save([("free", 1, b"kept", (), 1), ("source-0", old["source-0"], b"late", (), 1)], time.time())
    assert refused == {"source-0"}
    assert one.cursors(["free", "source-0"]) == {"free": b"kept"}
    mark = (b"12345678", b"hash")
    assert other.save([("source-0", new["source-0"], b"mine", [mark], 1)], time.time()) == frozenset()
    assert one.save([("source-0", old["source-0"], b"late", [(mark[0], b"late")], 2)], time.time()) == {"source-0"}
    assert one.cursors(["source-0"]) == {"source-0": b"mine"}
    assert one.seen("source-0", [mark[0]]) == dict([mark])


def test_who_leaves_is_followed_at_once(open_memory):
    one, other = open_memory(), open_memory()
    first = one.share("one", NAMES, LONG, time.time())
    one.leave("one")
    taken = other.share("other", NAMES, LONG, time.time())
    assert sorted(taken) == NAMES
    assert all(taken[name] > first[name] for name in NAMES)
    other.leave("nobody")
    assert other.share("other", NAMES, LONG, time.time()) == taken


def test_who_was_late_saves_while_nobody_else_has_taken_over(open_memory):
    memory = open_memory()
    held = memory.share("one", ["a"], SHORT, time.time())
    time.sleep(SHORT + 0.05)
    assert memory.save([("a", held["a"], b"late", (), 1)], time.time()) == frozenset()
    assert list(memory.share("one", ["a"], SHORT, time.time())) == ["a"]


def test_what_leaves_ones_list_is_free_for_others(open_memory):
    one, other = open_memory(), open_memory()
    one.share("one", ["a", "b"], SHORT, time.time())
    assert list(one.share("one", ["b"], LONG, time.time())) == ["b"]
    time.sleep(SHORT + 0.05)
    assert list(other.share("other", ["a", "b"], LONG, time.time())) == ["a"]


def test_no_two_hold_one_source_while_many_come_and_go(open_memory):
    pollers, rounds = 5, 12
    memories = [open_memory() for _ in range(pollers)]
    fences = {name: set() for name in NAMES}
    failed = []
    lock = threading.Lock()

    def poll(me):
        for turn in range(rounds):
            held = memories[me].share(f"{me}", NAMES, LONG, time.time())
            for name, fence in held.items():
                with lock:
                    fences[name].add((fence, me))
            refused = memories[me].save([(n, f, str(me).encode(), (), turn) for n, f in held.items()], time.time())
            with lock:
                failed.extend((name, held[name], me) for name in refused)
            if (turn + me) % 4 == 0:
                memories[me].leave(f"{me}")

    threads = [threading.Thread(target=poll, args=(n,)) for n in range(pollers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in NAMES:
        assert len({fence for fence, _ in fences[name]}) == len(fences[name]), f"two held {name} under one fence"
    # Whoever was refused had given the source up; it was never refused what it held last.
    last = {name: max(fence for fence, _ in fences[name]) for name in NAMES}
    assert all(fence < last[name] for name, fence, _ in failed)
