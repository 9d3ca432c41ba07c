"""Class names from a text file, a line each."""

from pathlib import Path

from tlstudio.errors import BadInput

_MOST_BYTES = 4_000_000


def read_classes(path: Path) -> tuple[str, ...]:
    """The names in a text file as UTF-8; blank lines, repeated names and lines that begin with # left out.

    Raises:
        BadInput: it cannot be read, is no text, is too large for a list of names, or names nothing.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= _MOST_BYTES else b""
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if size > _MOST_BYTES:
        raise BadInput(f"{path} is too large for a list of classes.", "It should name one class a line.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise BadInput(f"{path} is no text in UTF-8.", "Save the list of classes as plain text in UTF-8.")
    lines = (" ".join(line.split()) for line in text.splitlines())
    names = dict.fromkeys(line for line in lines if line and not line.startswith("#"))
    if not names:
        raise BadInput(f"{path} names no class.", "It should name one class a line.")
    return tuple(names)
