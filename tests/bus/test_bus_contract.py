"""What every log must show: records, transactions, and what happens when one is not committed."""

import threading

import pytest
from bus_lab import Lab, abort_batch, copy_batch, in_order_per_key, numbered, unique, values

from pipeline.errors import Fatal


def test_a_record_comes_back_byte_for_byte(lab: Lab) -> None:
    topic = lab.topic()
    headers = (("empty", b""), ("not-utf8", b"\xff\xfe\x00"), ("twice", b"1"), ("twice", b"2"), ("ångström", b"x"))
    sent = [(b"\x00\xff", b"\x80value", headers), (None, b"", ()), (b"", None, (("a", b"b"),))]
    lab.publish(topic, sent)
    batch = lab.next_batch(lab.join(unique("group"), topic))
    assert [(r.key, r.value, r.headers) for r in batch] == sent
    assert [(r.key, r.value, r.headers) for r in lab.all_of(topic)] == sent
    assert all(r.timestamp > 1_600_000_000_000 for r in batch)


def test_a_transaction_passes_bytes_on_unchanged(lab: Lab) -> None:
    source, target = lab.topic(), lab.topic()
    sent = [(b"\xff", b"\xfe\x00", (("h", b""), ("h", b"\xff"))), (b"k", None, ()), (None, b"v", ())]
    lab.publish(source, sent)
    lab.copy(lab.join(unique("group"), source), target, 3)
    assert [(r.key, r.value, r.headers) for r in lab.all_of(target)] == sent


def test_order_is_kept_per_key_and_a_key_has_one_partition(lab: Lab) -> None:
    source, target = lab.topic(3), lab.topic(4)
    lab.publish(source, numbered(300, keys=20))
    lab.copy(lab.join(unique("group"), source, max_records=37), target, 300)
    copied = lab.all_of(target)
    assert sorted(int(r.value or b"") for r in copied) == list(range(300))
    assert in_order_per_key(copied)
    assert len({(r.key, r.partition) for r in copied}) == 20
    assert len({r.partition for r in copied}) > 1


def test_offsets_count_up_and_the_publisher_tells_them(lab: Lab) -> None:
    topic = lab.topic(3)
    first = lab.publish(topic, numbered(50))
    second = lab.publish(topic, numbered(50, start=50))
    read = {(r.partition, r.offset): r.value for r in lab.all_of(topic)}
    assert len(read) == 100
    assert [read[at] for at in first + second] == [b"%d" % n for n in range(100)]


def test_publishing_nothing_is_nothing(lab: Lab) -> None:
    assert lab.publish(lab.topic(), []) == []


def test_what_is_published_is_there_for_another_connection(lab: Lab) -> None:
    topic = lab.topic()
    lab.publish(topic, numbered(3))
    assert values(lab.connect().reader().read(topic)) == [b"0", b"1", b"2"]


def test_outputs_and_offsets_commit_together(lab: Lab) -> None:
    source, target, group = lab.topic(), lab.topic(), unique("group")
    lab.publish(source, numbered(10))
    member = lab.join(group, source)
    batch = lab.next_batch(member)
    with member.transaction() as transaction:
        for record in batch:
            transaction.send(target, record.key, record.value, ())
        assert lab.connect().group_lag(group, [source]) == {(source, 0): 10}
        assert lab.all_of(target) == []
    assert values(lab.all_of(target)) == values(batch)
    assert lab.bus.group_lag(group, [source]) == {(source, 0): 0}
    assert member.poll(0.2) == []


def test_offsets_commit_without_outputs(lab: Lab) -> None:
    source, group = lab.topic(), unique("group")
    lab.publish(source, numbered(4))
    member = lab.join(group, source)
    lab.next_batch(member)
    with member.transaction():
        pass
    assert lab.bus.group_lag(group, [source]) == {(source, 0): 0}


def test_an_exception_aborts_and_the_batch_comes_again(lab: Lab) -> None:
    source, target, group = lab.topic(2), lab.topic(), unique("group")
    lab.publish(source, numbered(20))
    member = lab.join(group, source)
    batch = lab.next_batch(member)

    abort_batch(member, batch, target)
    assert lab.all_of(target) == []
    again = lab.copy(member, target, 20)
    assert {r.coordinates for r in batch} <= {r.coordinates for r in again}
    assert sorted(values(lab.all_of(target))) == sorted(value for _, value, _ in numbered(20))


def test_a_batch_without_a_transaction_comes_again(lab: Lab) -> None:
    source = lab.topic()
    lab.publish(source, numbered(10))
    member = lab.join(unique("group"), source, max_records=4)
    first = lab.next_batch(member)
    assert lab.next_batch(member) == first
    with member.transaction():
        pass
    assert values(lab.next_batch(member))[0] == b"%d" % len(first)


def test_several_aborts_in_a_row_lose_and_double_nothing(lab: Lab) -> None:
    source, target = lab.topic(2), lab.topic(2)
    lab.publish(source, numbered(60))
    member = lab.join(unique("group"), source, max_records=9)
    done = 0
    for turn in range(1000):
        batch = lab.next_batch(member)
        if turn % 3:
            abort_batch(member, batch, target)
            continue
        copy_batch(member, batch, target)
        done += len(batch)
        if done >= 60:
            break
    copied = lab.all_of(target)
    assert sorted(int(r.value or b"") for r in copied) == list(range(60))
    assert in_order_per_key(copied)


def test_a_member_that_leaves_gives_its_batch_back(lab: Lab) -> None:
    source, group = lab.topic(), unique("group")
    lab.publish(source, numbered(10))
    first = lab.join(group, source, max_records=6)
    batch = lab.next_batch(first)
    first.close()
    assert lab.next_batch(lab.join(group, source, member="two", max_records=6)) == batch


def test_work_goes_on_where_it_was_committed(lab: Lab) -> None:
    source, target, group = lab.topic(), lab.topic(), unique("group")
    lab.publish(source, numbered(10))
    first = lab.join(group, source, max_records=4)
    done = lab.copy(first, target, 4)
    first.close()
    rest = lab.copy(lab.join(group, source, bus=lab.connect()), target, 10 - len(done))
    assert values(done) + values(rest) == [b"%d" % n for n in range(10)]


def test_groups_do_not_see_each_other(lab: Lab) -> None:
    source, target = lab.topic(), lab.topic()
    lab.publish(source, numbered(5))
    for _ in range(2):
        assert len(lab.copy(lab.join(unique("group"), source), target, 5)) == 5


def test_batches_are_bounded(lab: Lab) -> None:
    source, target = lab.topic(3), lab.topic()
    lab.publish(source, numbered(1000, keys=50))
    member = lab.join(unique("group"), source, max_records=100)
    seen = 0
    while seen < 1000:
        batch = lab.next_batch(member)
        assert 0 < len(batch) <= 100
        copy_batch(member, batch, target)
        seen += len(batch)
    assert len(lab.all_of(target)) == 1000


def test_large_records_travel(lab: Lab) -> None:
    source, target = lab.topic(), lab.topic()
    large = [(b"k", bytes([n]) * 700_000, ()) for n in range(5)]
    lab.publish(source, large)
    lab.copy(lab.join(unique("group"), source), target, 5)
    assert values(lab.all_of(target)) == [value for _, value, _ in large]


def test_one_subscription_reads_several_topics(lab: Lab) -> None:
    sources, target = [lab.topic(2), lab.topic()], lab.topic()
    for source in sources:
        lab.publish(source, numbered(10))
    done = lab.copy(lab.join(unique("group"), *sources), target, 20)
    assert {r.topic for r in done} == set(sources)
    assert len({r.coordinates for r in done}) == 20


def test_publishers_work_side_by_side(lab: Lab) -> None:
    topic = lab.topic(3)
    publisher = lab.keep(lab.bus.publisher())
    told: list[tuple[int, int]] = []

    def publish(number: int) -> None:
        for start in range(0, 100, 10):
            told.extend(publisher.publish(topic, [(b"%d" % number, b"%d" % n, ()) for n in range(start, start + 10)]))

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read = lab.all_of(topic)
    assert len(read) == 400
    assert {(r.partition, r.offset) for r in read} == set(told)
    assert in_order_per_key(read)


def test_publishing_to_a_topic_that_does_not_exist_is_fatal(lab: Lab) -> None:
    missing = unique("missing")
    with pytest.raises(Fatal, match=missing):
        lab.publish(missing, numbered(1))


def test_subscribing_to_a_topic_that_does_not_exist_is_fatal(lab: Lab) -> None:
    missing = unique("missing")
    with pytest.raises(Fatal, match=missing):
        lab.next_batch(lab.join(unique("group"), missing))


def test_sending_to_a_topic_that_does_not_exist_is_fatal_and_commits_nothing(lab: Lab) -> None:
    source, missing, group = lab.topic(), unique("missing"), unique("group")
    lab.publish(source, numbered(1))
    member = lab.join(group, source)
    batch = lab.next_batch(member)
    with pytest.raises(Fatal, match=missing):
        copy_batch(member, batch, missing)
    assert lab.bus.group_lag(group, [source]) == {(source, 0): 1}


def test_looking_into_a_topic_that_does_not_exist_is_fatal(lab: Lab) -> None:
    missing = unique("missing")
    with pytest.raises(Fatal, match=missing):
        lab.all_of(missing)
    with pytest.raises(Fatal, match=missing):
        lab.bus.group_lag(unique("group"), [missing])
