"""Exactly once on a real broker: kills, seeded faults that must show, and zombies."""

import os
import signal
import subprocess
import time

import pytest
from chaos import Count, Run

pytestmark = pytest.mark.kafka

STORIES = 20_000
KILLS = 20


@pytest.mark.timeout(400)
def test_killed_twenty_times_nothing_is_lost_or_doubled(kafka_broker):
    run = Run(kafka_broker, "kills")
    run.load(STORIES)
    began = time.monotonic()
    busy = run.kill_repeatedly(KILLS, pause=0.02)
    left = sum(run.bus.group_lag(run.group, [run.source]).values())
    run.drain()
    result = run.count()
    print(f"\n{STORIES} stories, {KILLS} kills ({busy} with work in hand, {left} stories left after them): {result}")
    print(f"in {time.monotonic() - began:.0f} s")
    assert busy == KILLS, "every kill must hit a member that works"
    assert result == Count(found=STORIES, lost=0, duplicated=0, out_of_order=0)


def test_the_harness_sees_offsets_committed_before_their_outputs(kafka_broker):
    run = Run(kafka_broker, "commit-first")
    run.load(3_000)
    run.kill_repeatedly(4, pause=0.2, fault="commit-first")
    run.drain()
    result = run.count()
    print(f"\ncommit before send: {result}")
    assert result.lost > 0


def test_the_harness_sees_a_batch_that_was_not_read_again_after_its_abort(kafka_broker):
    run = Run(kafka_broker, "no-seek")
    run.load(2_000)
    run.drain(fault="no-seek")
    result = run.count()
    print(f"\nno seek after abort: {result}")
    assert result.lost > 0


def test_aborts_alone_do_no_harm_but_a_read_uncommitted_reader_sees_them(kafka_broker):
    run = Run(kafka_broker, "aborts")
    run.load(2_000)
    run.drain(fault="abort")
    assert run.count() == Count(found=2_000, lost=0, duplicated=0, out_of_order=0)
    result = run.count("read_uncommitted")
    print(f"\nread_uncommitted: {result}")
    assert result.duplicated > 0


def test_a_zombie_commits_nothing(kafka_broker):
    run = Run(kafka_broker, "zombie")
    run.load(2_000)
    zombie = run.member("zombie", pause=2.0)
    assert zombie.wait_for_batch()
    assert zombie.wait_for_batch(), "a batch is in hand, its outputs not yet sent"
    os.kill(zombie.pid, signal.SIGSTOP)
    try:
        run.drain()
        before = run.count()
    finally:
        os.kill(zombie.pid, signal.SIGCONT)
    try:
        code = zombie.finish()
    except subprocess.TimeoutExpired:
        zombie.kill()
        raise
    print(f"\nthe zombie ended with {code}: {zombie.lines[-1]}")
    assert before == run.count() == Count(found=2_000, lost=0, duplicated=0, out_of_order=0)
    assert code == 1
    assert zombie.lines[-1].startswith("Fenced")
