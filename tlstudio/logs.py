"""One rotating log file for all that goes wrong, whichever face was in front."""

import faulthandler
import logging
import logging.handlers
import sys
import threading
from pathlib import Path
from types import TracebackType

from tlstudio.paths import log_dir

_log = logging.getLogger("tlstudio")


def log_to_file() -> Path:
    """Send the log, uncaught exceptions and crashes of native code to the log file; gives its path.

    A log that cannot be written (a read-only home) is no reason not to start.
    """
    path = log_dir() / "tlstudio.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=2_000_000, backupCount=3, encoding="utf-8"
        )
        crash_file = (log_dir() / "crash.log").open("a", encoding="utf-8")
    except OSError:
        return path
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    faulthandler.enable(crash_file)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    return path


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    _log.critical("uncaught", exc_info=(kind, error or kind(), traceback))
