"""The program's entry: `tlstudio`, `python -m tlstudio` and the bundle all start here."""

import multiprocessing


def main() -> None:
    # First of all: a frozen program's worker processes start here too, with arguments of their own.
    multiprocessing.freeze_support()
    from tlstudio.cli.app import run

    run()


if __name__ == "__main__":
    main()
