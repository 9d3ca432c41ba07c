"""Images named one by one or by their folder."""

import os
from collections.abc import Iterable
from pathlib import Path

from tlstudio.data.decode import EXTENSIONS
from tlstudio.errors import BadInput
from tlstudio.events import Control


def find_images(paths: Iterable[Path], control: Control) -> tuple[Path, ...]:
    """The files among ``paths``, and the images anywhere below its folders, each once; hidden ones left out.

    A file is taken whatever its name; reading it will tell whether it is an image.

    Raises:
        BadInput: a path does not exist, or no image was found.
        Stopped: the control was told to stop.
    """
    named = list(paths)
    found: dict[Path, None] = {}
    for path in named:
        if path.is_dir():
            found.update(dict.fromkeys(_below(path, control)))
        elif path.exists():
            found[path] = None
        else:
            raise BadInput(f"There is no file or folder {path}.", "Check the spelling of the path.")
    if not found:
        where = ", ".join(str(path) for path in named) or "what was given"
        kinds = ", ".join(sorted(extension.lstrip(".") for extension in EXTENSIONS))
        raise BadInput(f"There is no image in {where}.", f"Images are files of the kinds {kinds}.")
    return tuple(found)


def _below(folder: Path, control: Control) -> list[Path]:
    images: list[Path] = []
    for parent, folders, files in os.walk(folder):
        control.checkpoint()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        images += [
            Path(parent, name)
            for name in sorted(files)
            if not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS
        ]
    return images
