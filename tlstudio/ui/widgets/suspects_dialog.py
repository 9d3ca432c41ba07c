"""The suspected labels of a run in a gallery, and what can be done with each."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.evaluation.labels_events import SuspectedLabel
from tlstudio.events import Progress
from tlstudio.ui import text
from tlstudio.ui.item_models.suspects import SuspectModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.label_check import LabelCheck
from tlstudio.ui.pages.base import EmptyState, ErrorBanner
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.image_preview import SIDE
from tlstudio.ui.widgets.offer_bar import OfferBar
from tlstudio.ui.widgets.picture_canvas import PictureCanvas
from tlstudio.ui.widgets.skeleton import Skeleton
from tlstudio.ui.widgets.split_editor import NAMES
from tlstudio.ui.widgets.suspect_grid import SuspectGrid

_SHARE = 0.92  # of the window that it covers
_DENSEST = 2  # pixels for one, of a display for which pictures are still drawn sharp
_NOT_OPEN = "To correct their labels, the images of this run have to be open on the Data page."

_KEYS = "Keys: R relabels, M moves, Delete leaves out, Y is for right, Ctrl+Z takes back."


class SuspectsDialog(QDialog):
    """Shows a check while it runs, then its suspects; those that are decided leave the gallery.

    Signals:
        folder_wanted: the folder of the run's images is to be opened on the Data page.
    """

    folder_wanted = Signal(object)

    def __init__(self, check: LabelCheck, store: PictureStore, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Suspected labels")
        self.setModal(True)
        self._check = check
        self._store = store
        self._theme = theme
        self._shown: Path | None = None
        ratio = min(_DENSEST, QGuiApplication.primaryScreen().devicePixelRatio())
        self.model = SuspectModel(store, round(Size.THUMBNAIL * ratio), self)
        self.grid = SuspectGrid(theme)
        self.grid.setModel(self.model)
        self._make_widgets()
        self._lay_out()
        self._connect()
        window = parent.window()
        self.resize(QSize(int(window.width() * _SHARE), int(window.height() * _SHARE)))
        self._refresh()

    @property
    def selected(self) -> tuple[SuspectedLabel, ...]:
        """The suspects that an action is for, as they are shown."""
        rows = sorted(index.row() for index in self.grid.selectionModel().selectedIndexes())
        return tuple(self.model.suspects[row] for row in rows)

    def done(self, result: int) -> None:
        self._check.stop()
        super().done(result)

    # Making it

    def _make_widgets(self) -> None:
        theme = self._theme
        self.title = with_role(QLabel(), "section")
        self.how = with_role(QLabel(), "quiet")
        self.banner = ErrorBanner()
        self.offer = OfferBar(theme)
        self.undo_button = button(theme, "Undo")
        self.undo_button.setToolTip("Take the last decision back (Ctrl+Z)")
        self.close_button = button(theme, "Close", "close")
        self.stop_button = button(theme, "Stop", "stop")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the check")
        self.progress_words = QLabel()
        self.canvas = PictureCanvas(theme, "The selected image")
        self.name = with_role(QLabel(), "lead")
        self.given = with_role(QLabel(), "quiet")
        self.suggested = QLabel()
        self.relabel_button = button(theme, "Relabel", "wrench", "main")
        self.relabel_button.setToolTip("Put it into the class that is suggested (R)")
        self.move_button = button(theme, "Move to another class", "folder")
        self.move_button.setToolTip("Put it into a class of your choice (M)")
        self.move_menu = QMenu(self)
        self.leave_out_button = button(theme, "Leave out", "trash")
        self.leave_out_button.setToolTip("Go on without it; its file stays where it is (Delete)")
        self.right_button = button(theme, "It is right", "check")
        self.right_button.setToolTip("Keep its label, and never suspect it again (Y)")
        self.nothing = EmptyState("check", "", "")

    def _lay_out(self) -> None:
        for label in (self.how, self.name, self.given, self.suggested):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        told = QVBoxLayout()
        told.setSpacing(Space.XS)
        told.addWidget(self.title)
        told.addWidget(self.how)
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addLayout(told, 1)
        for one in (self.undo_button, self.close_button, self.stop_button):
            one.setAutoDefault(False)
        for one in (self.undo_button, self.close_button):
            head.addWidget(one, 0, Qt.AlignmentFlag.AlignTop)
        self.states = QStackedWidget()
        self._busy, self._gallery = self._busy_state(), self._gallery_state()
        for state in (self._busy, self._gallery, self.nothing):
            self.states.addWidget(state)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        layout.setSpacing(Space.M)
        layout.addLayout(head)
        layout.addWidget(self.banner)
        layout.addWidget(self.offer)
        layout.addWidget(self.states, 1)

    def _busy_state(self) -> QWidget:
        page = QWidget()
        line = QHBoxLayout()
        line.setSpacing(Space.M)
        line.addWidget(self.progress_words)
        line.addWidget(self.progress, 1)
        line.addWidget(self.stop_button)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.L)
        layout.addLayout(line)
        layout.addWidget(Skeleton(self._theme), 1)
        return page

    def _gallery_state(self) -> QWidget:
        self.canvas.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.canvas.setMinimumHeight(Size.CELL)
        self.canvas.setMaximumHeight(Size.PREVIEW)
        side = QVBoxLayout()
        side.setSpacing(Space.S)
        side.addWidget(self.canvas, 100)  # all the height there is, up to its largest
        for label in (self.name, self.given, self.suggested):
            side.addWidget(label)
        side.addSpacing(Space.S)
        for one in self._actions():
            one.setAutoDefault(False)
            side.addWidget(one)
        keys = with_role(QLabel(_KEYS), "caption")
        keys.setWordWrap(True)
        side.addWidget(keys)
        side.addStretch(1)
        panel = QWidget()
        panel.setFixedWidth(Size.SIDE)
        panel.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        page = QWidget()
        layout = QHBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.L)
        layout.addWidget(self.grid, 1)
        layout.addWidget(panel)
        return page

    def _actions(self) -> tuple[QPushButton, ...]:
        return self.relabel_button, self.move_button, self.leave_out_button, self.right_button

    def _connect(self) -> None:
        check = self._check
        check.progressed.connect(self._show_progress)
        check.changed.connect(self._refresh)
        check.failed.connect(self.banner.show_error)
        check.over.connect(self._refresh)
        self._store.drawn.connect(self._redraw)
        self.grid.selectionModel().selectionChanged.connect(self._show_selected)
        self.offer.accepted.connect(self._open_folder)
        self.close_button.clicked.connect(self.close)
        self.stop_button.clicked.connect(self.close)
        self.undo_button.clicked.connect(self.undo)
        self.relabel_button.clicked.connect(self.relabel)
        self.move_button.clicked.connect(self.choose_class)
        self.move_menu.triggered.connect(self._move)
        self.leave_out_button.clicked.connect(self.leave_out)
        self.right_button.clicked.connect(self.find_right)
        keys: tuple[tuple[QKeySequence, Callable[[], None]], ...] = (
            (QKeySequence(Qt.Key.Key_R), self.relabel),
            (QKeySequence(Qt.Key.Key_M), self.choose_class),
            (QKeySequence(Qt.Key.Key_Delete), self.leave_out),
            (QKeySequence(Qt.Key.Key_Y), self.find_right),
            (QKeySequence("Ctrl+Z"), self.undo),
        )
        for key, do in keys:
            QShortcut(key, self).activated.connect(do)

    # Deciding

    @Slot()
    def relabel(self) -> None:
        """Put the selected images into the classes that are suggested."""
        if self.relabel_button.isEnabled():
            self._check.relabel(self.selected)

    @Slot()
    def choose_class(self) -> None:
        """Offer the classes that the selected images can be put into."""
        if self.move_button.isEnabled():
            self.move_menu.clear()
            given = {one.given for one in self.selected}
            for name in self._check.classes:
                action = self.move_menu.addAction(name.replace("&", "&&"))
                action.setData(name)
                action.setEnabled(given != {name})
            self.move_menu.popup(self.move_button.mapToGlobal(self.move_button.rect().bottomLeft()))

    @Slot(QAction)
    def _move(self, action: QAction) -> None:
        self._check.move(self.selected, action.data())

    @Slot()
    def leave_out(self) -> None:
        """Go on without the selected images."""
        if self.leave_out_button.isEnabled():
            self._check.leave_out(self.selected)

    @Slot()
    def find_right(self) -> None:
        """Never suspect the selected images again."""
        if self.right_button.isEnabled():
            self._check.find_right(self.selected)

    @Slot()
    def undo(self) -> None:
        """Take the last decision back."""
        self._check.undo()

    @Slot()
    def _open_folder(self) -> None:
        if self._check.judged is not None:
            self.folder_wanted.emit(self._check.judged.root)

    # Showing

    @Slot(object)
    def _show_progress(self, event: Progress) -> None:
        of = f" · {event.done:,} of {event.total:,}" if event.total else ""
        self.progress_words.setText(event.text + of)
        self.progress.setRange(0, event.total)
        self.progress.setValue(event.done)

    @Slot()
    def _refresh(self) -> None:
        check, judged = self._check, self._check.judged
        self.undo_button.setVisible(judged is not None)
        self.undo_button.setEnabled(check.can_undo)
        self.close_button.setVisible(not check.busy)
        if judged is None:
            self.title.setText("Checking the labels" if check.busy else "The labels could not be checked")
            self.how.setText("")
            self.states.setCurrentWidget(self._busy)
            self._busy.setVisible(check.busy)
            if check.busy and not self.progress_words.text():
                self._show_progress(Progress("Starting"))
            return
        pending = check.pending
        self.how.setText("\n".join([judged.how, *check.notes]))
        self.title.setText(f"{text.amount(len(pending), 'label')} suspected to be wrong")
        if pending != self.model.suspects or self._shown != judged.root:
            self._show_suspects(judged.root, pending)
        if pending:
            self.states.setCurrentWidget(self._gallery)
        else:
            self._say_that_nothing_is_left(judged.images, decided=bool(judged.suspects))
        if not check.here and pending:
            self.offer.ask("folder", _NOT_OPEN, str(judged.root), "Open the images")
            self.offer.decline_button.hide()
        else:
            self.offer.hide()
        self._show_selected()

    def _show_suspects(self, root: Path, pending: tuple[SuspectedLabel, ...]) -> None:
        """Those that are left; the one that moves up to the place of a decided one is the next."""
        row = max(0, self.grid.currentIndex().row())
        before = self.model.suspects
        come_back = next((one for one in pending if before and one not in set(before)), None)
        self._shown = root
        self.model.show(root, pending)
        if pending:
            row = pending.index(come_back) if come_back in pending else min(row, len(pending) - 1)
            index = self.model.index(row)
            self.grid.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self.grid.scrollTo(index)
            self.grid.setFocus()

    def _say_that_nothing_is_left(self, images: int, *, decided: bool) -> None:
        self.title.setText("Suspected labels")
        if decided:
            self.nothing.set_text(
                "Every suspected label is decided",
                "The corrections are kept with the folder: the next run on it is trained with them.",
            )
        else:
            self.nothing.set_text(
                "No label is suspected to be wrong", f"{text.amount(images, 'image')} judged."
            )
        self.states.setCurrentWidget(self.nothing)
        (self.undo_button if self.undo_button.isEnabled() else self.close_button).setFocus()

    @Slot()
    def _show_selected(self) -> None:
        selected, here = self.selected, self._check.here
        known = set(self._check.classes)
        self.relabel_button.setEnabled(here and bool(selected) and {s.suggested for s in selected} <= known)
        for one in (self.move_button, self.leave_out_button):
            one.setEnabled(here and bool(selected))
        self.right_button.setEnabled(bool(selected))
        wanted = {one.suggested for one in selected}
        words = f"Relabel as {wanted.pop()}" if len(wanted) == 1 else "Relabel as suggested"
        self.relabel_button.setText(
            self.relabel_button.fontMetrics()
            .elidedText(words, Qt.TextElideMode.ElideRight, Size.SIDE - 2 * Space.XXL)
            .replace("&", "&&")
        )
        self.relabel_button.setAccessibleName(words)
        self._describe(selected)

    def _describe(self, selected: tuple[SuspectedLabel, ...]) -> None:
        current = self.grid.currentIndex()
        if not selected or not current.isValid():
            self.canvas.show_picture(None)
            for label in (self.name, self.given, self.suggested):
                label.setText("")
            return
        self._redraw(self.model.file(current.row()))
        if len(selected) > 1:
            self.name.setText(f"{len(selected):,} images selected")
            self.given.setText("What you choose is done with all of them.")
            self.suggested.setText("")
            return
        one = self.model.suspects[current.row()]
        self.name.setText(Path(one.path).name)
        self.name.setToolTip(one.path)
        split = NAMES[one.split].lower()
        self.given.setText(f"Labelled {one.given}: {text.percent(one.given_confidence)} likely · {split}")
        self.suggested.setText(f"Looks like {one.suggested}: {text.percent(one.suggested_confidence)} likely")

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        current = self.grid.currentIndex()
        if current.isValid() and path == self.model.file(current.row()):
            self.canvas.show_picture(self._store.picture(path, SIDE))
