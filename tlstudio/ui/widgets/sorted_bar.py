"""What was kept of the results, and where."""

from pathlib import Path

from tlstudio.inference.sort_out import SortedOut
from tlstudio.ui.text import amount
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.message_bar import MessageBar


class SortedBar(MessageBar):
    """What was saved, and the way to the Data page where it is a folder of classes."""

    def __init__(self, theme: Theme) -> None:
        self.data_button = button(theme, "Open as data", "data")
        self.close_button = button(theme, "Close", "close", "quiet")
        super().__init__(self.data_button, self.close_button)
        self.folder: Path | None = None
        self.close_button.clicked.connect(self.hide)

    def show_saved(self, path: Path, images: int) -> None:
        self.folder = None
        self.data_button.hide()
        self._say("check", f"{amount(images, 'image')} written to {path.name}.", str(path))

    def show_sorted(self, event: SortedOut) -> None:
        self.folder = event.folder
        self.data_button.setVisible(event.classes > 0)
        there = f" {event.there:,} were there already." if event.there else ""
        out = f" {event.left_out:,} show none of these and were left out." if event.left_out else ""
        words = f"{amount(event.copied, 'image')} copied into {amount(event.classes, 'class folder')}."
        self._say("check", words, f"{there}{out} {event.folder}".strip())
