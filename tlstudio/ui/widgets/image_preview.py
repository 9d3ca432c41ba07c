"""The image that is selected, large, with what is known of it."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.ui import file_manager, text
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.flow_layout import FlowLayout
from tlstudio.ui.widgets.picture_canvas import PictureCanvas
from tlstudio.ui.widgets.split_editor import NAMES

SIDE = 640  # pixels: sharp on a dense display too


class ImagePreview(QWidget):
    """Picture, name, class, split, sizes and notes of one image, and what can be done with its file.

    Signals:
        enlarge_wanted: the person wants to see it as large as it goes.
        seen_wanted: the person asks what the network sees of it.
        menu_wanted: the person wants to correct what is selected, by a menu at a place on the screen.
    """

    enlarge_wanted = Signal()
    seen_wanted = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, store: PictureStore, theme: Theme) -> None:
        super().__init__()
        self._store = store
        self._path: Path | None = None
        self._canvas = _SquareCanvas(theme, "The selected image")
        self._name = with_role(QLabel(), "lead")
        self._notes = QLabel()
        for label in (self._name, self._notes):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.facts = {key: QLabel() for key in ("Class", "Split", "Pixels", "File")}
        self.enlarge_button = button(theme, "Enlarge", "search", "quiet")
        self.enlarge_button.setToolTip("Enter or Space does the same")
        self.correct_button = button(theme, "Correct", "wrench", "quiet")
        self.correct_button.setToolTip("Put it into another class or split, or leave it out")
        self.seen_button = button(theme, "What the network sees", "image", "quiet")
        self.folder_button = button(theme, file_manager.WORDS, "folder", "quiet")
        self.copy_button = button(theme, "Copy path", "copy", "quiet")
        self.enlarge_button.clicked.connect(self.enlarge_wanted)
        self.correct_button.clicked.connect(self._ask_for_menu)
        self.seen_button.clicked.connect(self.seen_wanted)
        self.folder_button.clicked.connect(self._show_in_folder)
        self.copy_button.clicked.connect(self._copy_path)
        self._lay_out()
        store.drawn.connect(self._redraw)
        self.clear()

    @property
    def name(self) -> str:
        return self._name.text()

    @property
    def notes(self) -> str:
        """What was said of the image, a line each."""
        return self._notes.text()

    @property
    def reason(self) -> str:
        """Why its picture cannot be shown, "" if it can."""
        return self._canvas.reason

    def clear(self) -> None:
        self._path = None
        self._canvas.show_picture(None)
        self._name.setText("No image selected")
        self._name.setToolTip("")
        self._show_notes(())
        for label in self.facts.values():
            label.setText("-")
        self._set_enabled(False)

    def show_image(self, catalogue: Catalogue, record: ImageRecord, notes: Sequence[str] = ()) -> None:
        """Show an image of a catalogue; ``notes`` are sentences about it."""
        self._path = catalogue.file(record)
        self._name.setText(self._path.name)
        self._name.setToolTip(str(self._path))
        for label, value in zip(self.facts.values(), facts_of(catalogue, record), strict=True):
            label.setText(value)
        self._show_notes(notes)
        self._set_enabled(True)
        self._store.look_at([self._path], SIDE)
        self._redraw(self._path)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setVerticalSpacing(Space.XS)
        grid.setHorizontalSpacing(Space.M)
        grid.setColumnStretch(1, 1)
        for row, (key, label) in enumerate(self.facts.items()):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            grid.addWidget(with_role(QLabel(key), "quiet"), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label, row, 1)
        buttons = FlowLayout(spacing=Space.XS)
        self._buttons = (
            self.enlarge_button,
            self.correct_button,
            self.seen_button,
            self.folder_button,
            self.copy_button,
        )
        for each in self._buttons:
            buttons.addWidget(each)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, Space.XS, 0)  # at the right may be a scroll bar
        layout.setSpacing(Space.M)
        layout.addWidget(self._canvas)
        layout.addWidget(self._name)
        layout.addWidget(self._notes)
        layout.addLayout(grid)
        layout.addLayout(buttons)
        layout.addStretch(1)

    def _show_notes(self, notes: Sequence[str]) -> None:
        self._notes.setText("\n".join(notes))
        self._notes.setVisible(bool(notes))

    def _set_enabled(self, enabled: bool) -> None:
        for each in self._buttons:
            each.setEnabled(enabled)

    @Slot()
    def _ask_for_menu(self) -> None:
        self.menu_wanted.emit(self.correct_button.mapToGlobal(self.correct_button.rect().bottomLeft()))

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        if path == self._path:
            self._canvas.show_picture(self._store.picture(path, SIDE))

    @Slot()
    def _show_in_folder(self) -> None:
        if self._path is not None:
            file_manager.show_in_folder(self._path)

    @Slot()
    def _copy_path(self) -> None:
        if self._path is not None:
            QGuiApplication.clipboard().setText(str(self._path))


def facts_of(catalogue: Catalogue, record: ImageRecord) -> tuple[str, str, str, str]:
    """Class, split, pixels and bytes of an image, as people read them."""
    return (
        catalogue.classes[record.label],
        NAMES[record.split] if record.split else "-",
        f"{record.width} × {record.height}",
        text.size(record.size),
    )


class _SquareCanvas(PictureCanvas):
    """About as high as it is wide."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(Size.PREVIEW, Size.PREVIEW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # A scroll bar takes of its width: followed, the bar would come and go for ever.
        if abs(self.width() - self.height()) > Space.L:
            self.setFixedHeight(self.width())
