"""One image as large as the window allows, and by the arrow keys the next one and the one before."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QAbstractItemModel, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.data.catalogue import Catalogue
from tlstudio.ui.item_models.thumbnails import PictureStore, ThumbnailModel
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.image_preview import SIDE, facts_of
from tlstudio.ui.widgets.picture_canvas import PictureCanvas

_LARGE = 1600  # pixels
_SHARE = 0.92  # of the window that it covers


@dataclasses.dataclass(frozen=True)
class Told:
    """What is said of an image that is shown large: its title, a line of facts, and sentences about it."""

    title: str
    facts: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Viewer(QDialog):
    """Goes through the rows of a model. Left and right move, Home and End too; Escape or Space closes it.

    Whoever derives from it says by :meth:`file` and :meth:`told` what a row shows.

    Attributes:
        row: the one that is shown.

    Signals:
        moved: another row is shown.
    """

    moved = Signal(int)

    def __init__(
        self, model: QAbstractItemModel, store: PictureStore, side: int, theme: Theme, parent: QWidget
    ) -> None:
        """``side`` is that of pictures that may be there already."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.row = 0
        self._model = model
        self._store = store
        self._small = side
        self.canvas = PictureCanvas(theme, "The image")
        self.canvas.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.words = with_role(QLabel(), "lead")
        self.facts = with_role(QLabel(), "quiet")
        self.notes = QLabel()
        self.before_button = button(theme, "Previous", "chevron-left")
        self.next_button = button(theme, "Next", "chevron")
        self.close_button = button(theme, "Close", "close")
        self._lay_out()
        self.before_button.clicked.connect(self._back)
        self.next_button.clicked.connect(self._on)
        self.close_button.clicked.connect(self.close)
        store.drawn.connect(self._redraw)
        model.modelReset.connect(self.close)
        window = parent.window()
        self.resize(QSize(int(window.width() * _SHARE), int(window.height() * _SHARE)))

    def file(self, row: int) -> Path:
        """The image of a row."""
        raise NotImplementedError

    def told(self, row: int) -> Told:
        """What is said of the image of a row."""
        raise NotImplementedError

    def show_row(self, row: int) -> None:
        """Show the image of that row, or of the nearest there is."""
        count = self._model.rowCount()
        self.row = min(max(0, row), count - 1)
        told = self.told(self.row)
        self.setWindowTitle(told.title)
        self.words.setText(told.title)
        place = f"{self.row + 1:,} of {count:,}"
        self.facts.setText(" · ".join((*told.facts, place)))
        self.notes.setText("\n".join(told.notes))
        self.notes.setVisible(bool(told.notes))
        self.before_button.setEnabled(self.row > 0)
        self.next_button.setEnabled(self.row < count - 1)
        near = [place for place in (self.row, self.row + 1, self.row - 1) if 0 <= place < count]
        self._store.look_at([self.file(place) for place in near], _LARGE)
        self._show_picture()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Up | Qt.Key.Key_PageUp:
                self._go(self.row - 1)
            case Qt.Key.Key_Right | Qt.Key.Key_Down | Qt.Key.Key_PageDown:
                self._go(self.row + 1)
            case Qt.Key.Key_Home:
                self._go(0)
            case Qt.Key.Key_End:
                self._go(self._model.rowCount() - 1)
            case Qt.Key.Key_Space | Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.close()
            case _:
                super().keyPressEvent(event)

    def done(self, result: int) -> None:
        self._store.look_at((), _LARGE)  # what was still to be drawn is not needed any more
        super().done(result)

    def _lay_out(self) -> None:
        for label in (self.words, self.facts, self.notes):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.notes.setWordWrap(True)
        told = QVBoxLayout()
        told.setSpacing(Space.XS)
        for label in (self.words, self.facts, self.notes):
            told.addWidget(label)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addLayout(told, 1)
        for each in (self.before_button, self.next_button, self.close_button):
            each.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # or after a click arrows would go to other buttons
            line.addWidget(each, 0, Qt.AlignmentFlag.AlignBottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        layout.setSpacing(Space.M)
        layout.addWidget(self.canvas, 1)
        layout.addLayout(line)
        self.canvas.setMinimumSize(Size.PREVIEW, Size.PREVIEW)
        self.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.canvas.setFocus()

    def _go(self, row: int) -> None:
        row = min(max(0, row), self._model.rowCount() - 1)
        if row != self.row:
            self.show_row(row)
            self.moved.emit(row)

    @Slot()
    def _back(self) -> None:
        self._go(self.row - 1)

    @Slot()
    def _on(self) -> None:
        self._go(self.row + 1)

    @Slot(object)
    def _redraw(self, path: object) -> None:
        if self._model.rowCount() and path == self.file(self.row):
            self._show_picture()

    def _show_picture(self) -> None:
        """The large picture, or until it is there a smaller one."""
        path = self.file(self.row)
        large = self._store.picture(path, _LARGE)
        smaller = (self._store.kept(path, side) for side in (SIDE, self._small))
        self.canvas.show_picture(large or next((one for one in smaller if isinstance(one, QPixmap)), None))


class ImageViewer(Viewer):
    """Goes through the images of a folder."""

    def __init__(
        self,
        catalogue: Catalogue,
        model: ThumbnailModel,
        store: PictureStore,
        notes: Callable[[str], tuple[str, ...]],
        theme: Theme,
        parent: QWidget,
    ) -> None:
        super().__init__(model, store, model.side, theme, parent)
        self._catalogue = catalogue
        self._thumbnails = model
        self._notes = notes

    def file(self, row: int) -> Path:
        return self._thumbnails.file(self._thumbnails.index(row))

    def told(self, row: int) -> Told:
        record = self._thumbnails.record(row)
        kind, split, pixels, size = facts_of(self._catalogue, record)
        return Told(record.path, (kind, split, f"{pixels} pixels", size), self._notes(record.path))
