"""The program's entry: `tlstudio`, `python -m tlstudio` and the bundle all start here."""

import multiprocessing
import os
import sys
from pathlib import Path


def main() -> None:
    # First of all: a frozen program's worker processes start here too, with arguments of their own.
    multiprocessing.freeze_support()
    _replace_missing_streams()
    try:
        from tlstudio.cli.app import run

        run(open_window)
    except KeyboardInterrupt:  # before any command could take it
        sys.exit(130)


def open_window(path: Path | None = None, sample: bool = False) -> int:
    from tlstudio.ui.app import run_window

    return run_window(path=path, sample=sample)


def _replace_missing_streams() -> None:
    """Without a console there are no streams, and whatever prints would fail on None."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (kept for good)


if __name__ == "__main__":
    main()
