"""The classes with what a person can do about them, and what was done."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from tlstudio.config import Corrections
from tlstudio.ui import text
from tlstudio.ui.open_folder import OpenFolder
from tlstudio.ui.theme import Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.class_list import ClassList, class_rows


class ClassPane(QWidget):
    """A title with a menu, the list, and a quiet line of what was corrected.

    Attributes:
        list: the classes.
        corrections: the quiet line's words.
    """

    def __init__(self, folder: OpenFolder, theme: Theme) -> None:
        super().__init__()
        self._folder = folder
        self.list = ClassList(theme)
        self.correct_button = button(theme, "Correct", kind="quiet")
        self.correct_button.setProperty("menu", True)
        self.correct_button.setToolTip("Rename, merge or leave out the classes that are selected below")
        menu = QMenu(self.correct_button)
        menu.addActions(self.list.actions())
        self.correct_button.setMenu(menu)
        self.corrections = with_role(QLabel(), "quiet")
        self.undo_button = button(theme, "Undo", kind="quiet")
        self.redo_button = button(theme, "Redo", kind="quiet")
        self.undo_all_button = button(theme, "Undo all", kind="quiet")
        self._line = QWidget()
        self._lay_out()
        self._connect()
        self.show_folder()

    @Slot()
    def show_folder(self) -> None:
        """Show the classes of the folder that is open as they are now."""
        folder = self._folder
        if folder.divided is not None and folder.scanned is not None:
            self.list.show_rows(
                class_rows(
                    folder.scanned.catalogue, folder.data.corrections, folder.divided.classes, folder.counts
                )
            )
        count, described = counted(folder.history.current)
        self.corrections.setText(text.amount(count, "correction") if count else "")
        self.corrections.setToolTip(described)
        self.undo_button.setVisible(folder.history.can_undo)
        self.redo_button.setVisible(folder.history.can_redo)
        self.undo_all_button.setVisible(count > 0)
        self._line.setVisible(count > 0 or folder.history.can_undo or folder.history.can_redo)

    @Slot()
    def _open(self) -> None:
        self.list.forget()
        self.show_folder()

    def _lay_out(self) -> None:
        header = QHBoxLayout()
        header.addWidget(with_role(QLabel("Classes"), "lead"), 1)
        header.addWidget(self.correct_button)
        line = QHBoxLayout(self._line)
        line.setContentsMargins(Space.XS, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(self.corrections, 1)
        for one in (self.undo_button, self.redo_button, self.undo_all_button):
            line.addWidget(one)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addLayout(header)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._line)

    def _connect(self) -> None:
        folder = self._folder
        self.list.renamed.connect(folder.rename)
        self.list.merged.connect(folder.merge)
        self.list.left_out.connect(folder.leave_out)
        self.list.taken_in.connect(folder.take_in)
        self.undo_button.clicked.connect(folder.undo)
        self.redo_button.clicked.connect(folder.redo)
        self.undo_all_button.clicked.connect(folder.undo_all)
        folder.opened.connect(self._open)
        folder.divided_anew.connect(self.show_folder)


def undo_shortcuts(page: QWidget, folder: OpenFolder) -> None:
    """Let the usual keys take a correction back and make it again, anywhere on the page."""
    for keys, do in ((QKeySequence("Ctrl+Z"), folder.undo), (QKeySequence("Ctrl+Shift+Z"), folder.redo)):
        shortcut = QShortcut(keys, page)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(do)


def counted(corrections: Corrections) -> tuple[int, str]:
    """How many corrections there are, and of what kinds."""
    kinds = (
        ("class", "classes", "renamed", len(corrections.names)),
        ("class", "classes", "left out", len(corrections.without_classes)),
        ("image", "images", "left out", len(corrections.without)),
        ("image", "images", "put into another class", len(corrections.labels)),
        ("image", "images", "moved to another split", len(corrections.splits)),
    )
    words = [f"{text.amount(number, one, many)} {done}" for one, many, done, number in kinds if number]
    return sum(kind[-1] for kind in kinds), "\n".join(words)
