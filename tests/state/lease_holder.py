"""A poller that only keeps its leases; a line on its input makes it save under the fences it was given first.

python lease_holder.py sqlite|redis WHERE SECONDS SOURCE...
"""

import sys
import threading
import time

from pipeline.state.sources_redis import RedisPollMemory
from pipeline.state.sources_sqlite import SqlitePollMemory

if __name__ == "__main__":
    kind, where, seconds, *names = sys.argv[1:]
    memory = RedisPollMemory(where) if kind == "redis" else SqlitePollMemory(where)
    first = memory.share("stopped", names, float(seconds), time.time())
    saving = threading.Event()

    def renew() -> None:
        while not saving.wait(float(seconds) / 3):
            memory.share("stopped", names, float(seconds), time.time())

    renewing = threading.Thread(target=renew)
    renewing.start()
    print(len(first), flush=True)
    sys.stdin.readline()
    saving.set()
    refused = memory.save([(name, fence, b"stopped", (), 1) for name, fence in first.items()], time.time())
    print(*sorted(refused), flush=True)
    renewing.join()
    memory.close()
