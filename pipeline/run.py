"""`newswire run`: one process from start to drain."""

import signal
from collections.abc import Callable, Sequence

from pipeline.app import App
from pipeline.observe import log
from pipeline.observe.server import Server
from pipeline.settings import Settings
from pipeline.supervise import Supervisor


def run_services(
    settings: Settings, stages: Sequence[str], *, started: Callable[[App, Server, Supervisor], None] | None = None
) -> int:
    """Start the stages and their HTTP side, run until a signal or a failure; the exit code.

    `started` is called once everything runs, before waiting.
    """
    log.configure(settings.log.level, json=settings.log.format == "json")
    logger = log.logger("run")
    app = App(settings)
    try:
        if settings.bus.kind == "sqlite":
            app.provision()
        # Nobody restarts the processes of an embedded log, so a member that was fenced joins again in place.
        supervisor = Supervisor(app.services(stages), remake_fenced=settings.bus.kind == "sqlite")
        supervisor.install_signals()
        signal.signal(signal.SIGHUP, lambda _number, _frame: app.reload_sources())
        server = Server(
            app.registry,
            supervisor.health,
            host=settings.http.host,
            port=settings.http.port,
            extend=lambda application: app.extend(application, supervisor.health),
        )
        server.start()
        try:
            logger.info("started", stages=list(stages) or "all", bus=settings.bus.kind, port=server.port)
            if started is not None:
                started(app, server, supervisor)
            code = supervisor.run()
        finally:
            server.stop()
        logger.info("stopped", exit_code=code)
        return code
    finally:
        app.close()
