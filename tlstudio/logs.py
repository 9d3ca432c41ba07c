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


def log_file() -> Path:
    return log_dir() / "tlstudio.log"


def log_to_file() -> None:
    """Send the log, warnings, uncaught exceptions and crashes of native code to files in the log folder.

    Doing so twice changes nothing. A log that cannot be written (a read-only home) is no reason not to start.
    """
    root = logging.getLogger()
    path = log_file()
    if any(getattr(handler, "baseFilename", None) == str(path.absolute()) for handler in root.handlers):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=2_000_000, backupCount=3, encoding="utf-8"
        )
        crash_file = (log_dir() / "crash.log").open("a", encoding="utf-8")
    except OSError:
        root.addHandler(logging.NullHandler())  # or logging would print to stderr instead
    else:
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s")
        )
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        faulthandler.enable(crash_file)
    logging.captureWarnings(True)
    sys.excepthook = _tell_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _tell_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    _log_uncaught(kind, error, traceback)
    sys.stderr.write(f"{kind.__name__}: {error}\nThat should not have happened; see {log_file()}.\n")


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    _log.critical("Nobody caught this", exc_info=(kind, error or kind(), traceback))
