"""The process that reads large documents: ``python -m pipeline.poll.reading_child MEMORY_MB``."""

import resource
import signal
import socket
import sys

from pipeline.poll.reading import serve

if __name__ == "__main__":
    # Ctrl-C reaches the whole group; the parent decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    serve(socket.socket(fileno=0))
