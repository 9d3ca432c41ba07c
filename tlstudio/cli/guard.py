"""What every command is run in: errors become sentences and exit statuses, Ctrl-C a stop."""

import contextlib
import functools
import logging
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec

import typer

from tlstudio.cli.faces import print_error
from tlstudio.errors import BadInput, Stopped, StudioError
from tlstudio.events import Control
from tlstudio.logs import log_file

P = ParamSpec("P")

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
_ONE_INTERRUPT = 1.0  # seconds within which a repeated signal is the same one: `timeout` sends two


def guarded(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what a command gives or raises into an exit status and, for an error, a plain sentence."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            status = command(*args, **kwargs)
        except BadInput as error:
            print_error(error.message, error.hint)
            status = BAD_INPUT
        except StudioError as error:
            print_error(error.message, error.hint)
            status = FAILED
        except (Stopped, KeyboardInterrupt):
            print_error("Interrupted.")
            status = INTERRUPTED
        except BrokenPipeError:  # whoever read our output has seen enough, as `head` does
            raise
        except Exception as error:  # the boundary: a person gets a sentence, the log the traceback
            _tell_unexpected(error)
            status = FAILED
        raise typer.Exit(status)

    return run


def _tell_unexpected(error: Exception) -> None:
    logging.getLogger(__name__).critical("The command failed", exc_info=error)
    reason = f"{type(error).__name__}: {error}".rstrip(".: ")
    where = f"the details are in {log_file()}" if log_file().is_file() else f"{log_file()} cannot be written"
    print_error(f"{reason}.", f"That should not have happened; {where}.")


@contextlib.contextmanager
def interruptible() -> Iterator[Control]:
    """A control that the first Ctrl-C stops; a later one ends the program at once."""
    control = Control()
    asked = 0.0

    def stop(_number: int, _frame: Any) -> None:
        nonlocal asked
        if not control.stopping:
            asked = time.monotonic()
            control.stop()
        elif time.monotonic() - asked > _ONE_INTERRUPT:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield control
    finally:
        signal.signal(signal.SIGINT, before)
