"""The program's entry: `tlstudio`, `python -m tlstudio` and the bundle all start here."""

import multiprocessing
from pathlib import Path


def main() -> None:
    # First of all: a frozen program's worker processes start here too, with arguments of their own.
    multiprocessing.freeze_support()
    from tlstudio.cli.app import run

    run(open_window)


def open_window(path: Path | None = None, sample: bool = False) -> int:
    from tlstudio.ui.app import run_window

    return run_window(path=path, sample=sample)


if __name__ == "__main__":
    main()
