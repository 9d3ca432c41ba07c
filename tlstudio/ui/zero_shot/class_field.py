"""The class names: chips, or one name a line where they are many; sets of them that are kept."""

import functools
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.errors import BadInput
from tlstudio.ui.settings import Settings
from tlstudio.ui.text import amount
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.chip import tidy
from tlstudio.ui.widgets.chips import ChipEdit
from tlstudio.zeroshot.class_file import read_classes

MOST_CHIPS = 200
_LINES = 3  # of chips or names that are seen; more are scrolled
_HEIGHT = _LINES * Size.CONTROL + Space.S
_SETTLES_AFTER = 250  # milliseconds: a name that is being typed is not yet meant
_SETS = "zero-shot-sets"


class ClassField(QWidget):
    """Names as chips up to :data:`MOST_CHIPS`, otherwise (or by choice) as lines of text.

    Attributes:
        heading: the line above the names, with room for a button at its right.

    Signals:
        changed: a name came, went or was respelt.
        dataset_classes_asked: take the classes of the folder that is open on the Data page.
    """

    changed = Signal()
    dataset_classes_asked = Signal()

    def __init__(self, theme: Theme, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._names: tuple[str, ...] = ()
        self.chips = ChipEdit(theme, "class", "classes")
        self.chips.most = MOST_CHIPS
        self.lines = QPlainTextEdit()
        self.lines.setAccessibleName("Classes, one a line")
        self.lines.setPlaceholderText("One class a line; a | between words that mean the same")
        self.lines.setTabChangesFocus(True)
        self.lines.setFixedHeight(_HEIGHT)
        self.count = with_role(QLabel(), "quiet")
        self.from_dataset = button(theme, "Use the dataset's classes", kind="quiet")
        self.as_text = button(theme, "As text", kind="quiet")
        self.as_text.setToolTip("Write the classes as lines of text")
        self.as_text.setCheckable(True)
        self.sets_button = button(theme, "Sets", kind="quiet")
        self.sets_button.setProperty("menu", "true")
        self.sets_button.setToolTip("Lists of classes that are kept, and files of them")
        self.sets_menu = QMenu(self.sets_button)
        self.sets_button.setMenu(self.sets_menu)
        self._said = with_role(QLabel(), "caption")
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self.heading = QHBoxLayout()
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLES_AFTER)
        self._lay_out()
        self._settled.timeout.connect(self._tell)
        self.chips.changed.connect(self._tell)
        self.chips.said.connect(self.say)
        self.chips.too_many.connect(self._take_many)
        self.lines.textChanged.connect(self._settled.start)
        self.lines.installEventFilter(self)
        self.as_text.clicked.connect(self._switch)
        self.from_dataset.clicked.connect(self.dataset_classes_asked)
        self.sets_menu.aboutToShow.connect(self._fill_menu)
        self.say("")
        self._show_count()

    @property
    def said(self) -> str:
        """The line beneath the classes."""
        return self._said.text()

    def names(self) -> tuple[str, ...]:
        """What is entered, as it was last told of."""
        return self._names

    def _entered(self) -> tuple[str, ...]:
        if not self.as_text.isChecked():
            return self.chips.names()
        lines = (tidy(line) for line in self.lines.toPlainText().splitlines())
        return tuple(dict.fromkeys(filter(None, lines)))

    def set_names(self, names: Iterable[str]) -> None:
        """Replace all, leaving out what is empty or there twice."""
        wanted = list(dict.fromkeys(filter(None, map(tidy, names))))
        self._show_as(wanted, as_text=len(wanted) > MOST_CHIPS)
        self._tell()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and self._settled.isActive():
            self._tell()
        return super().eventFilter(watched, event)

    @Slot(str)
    def say(self, words: str) -> None:
        """Show a sentence beneath the classes; where there is none, how they are edited."""
        if words:
            self._said.setText(words)
        elif self.as_text.isChecked():
            self._said.setText("One class a line; words that mean the same with | between them.")
        else:
            self._said.setText("Double-click renames. “sofa | couch” is one class with two names.")

    # Own

    def _lay_out(self) -> None:
        label = with_role(QLabel("Classes"), "lead")
        label.setBuddy(self.chips.entry)
        policy = self.from_dataset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # or all beneath would jump as it comes and goes
        self.from_dataset.setSizePolicy(policy)
        self.heading.setSpacing(Space.S)
        self.heading.addWidget(label)
        self.heading.addWidget(self.count)
        self.heading.addStretch(1)
        for each in (self.from_dataset, self.as_text, self.sets_button):
            self.heading.addWidget(each)
        self._grower = _Grower(self.chips)
        self._states = QStackedWidget()
        self._states.addWidget(self._grower)
        self._states.addWidget(self.lines)
        self._grower.fitted.connect(self._states.setFixedHeight)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addLayout(self.heading)
        layout.addWidget(self._states)
        layout.addWidget(self._said)

    def _show_as(self, names: list[str], *, as_text: bool) -> None:
        self.as_text.setChecked(as_text)
        with QSignalBlocker(self.chips), QSignalBlocker(self.lines):
            self.chips.set_names(() if as_text else names)
            self.lines.setPlainText("\n".join(names) if as_text else "")
        self._settled.stop()
        self._states.setCurrentWidget(self.lines if as_text else self._grower)
        if as_text:
            self._states.setFixedHeight(_HEIGHT)
        else:
            self._grower.fit()
        self.say("")

    @Slot(list)
    def _take_many(self, names: list[str]) -> None:
        self.set_names(names)
        self.say(f"{amount(len(self.names()), 'class', 'classes')}: too many for chips, so one a line.")

    @Slot(bool)
    def _switch(self, as_text: bool) -> None:
        self.as_text.setChecked(not as_text)  # as it still is
        names = list(self._entered())
        if not as_text and len(names) > MOST_CHIPS:
            self.as_text.setChecked(True)
            self.say(f"{len(names):,} are too many for chips; {MOST_CHIPS} can be shown so.")
            return
        self._show_as(names, as_text=as_text)
        self._tell()

    @Slot()
    def _tell(self) -> None:
        self._settled.stop()
        self._names = self._entered()
        self._show_count()
        self.changed.emit()

    def _show_count(self) -> None:
        count = len(self.names())
        self.count.setText(f"{count:,}" if count else "")

    # Sets and files

    def _sets(self) -> dict[str, list[str]]:
        kept = self._settings.page_values(_SETS)
        return {name: [str(one) for one in names] for name, names in kept.items() if isinstance(names, list)}

    @Slot()
    def _fill_menu(self) -> None:
        menu, sets = self.sets_menu, self._sets()
        menu.clear()
        menu.addAction("From a text file…").triggered.connect(self._browse)
        keep = menu.addAction("Keep these classes as a set…")
        keep.triggered.connect(self._ask_for_name)
        keep.setEnabled(bool(self.names()))
        clear = menu.addAction("Take all out")
        clear.triggered.connect(functools.partial(self.set_names, ()))
        clear.setEnabled(bool(self.names()))
        if not sets:
            return
        menu.addSeparator()
        for name, names in sets.items():
            action = menu.addAction(f"{name.replace('&', '&&')} ({len(names):,})")
            action.triggered.connect(functools.partial(self.set_names, names))
        forget = menu.addMenu("Delete a set")
        for name in sets:
            action = forget.addAction(name.replace("&", "&&"))
            action.triggered.connect(functools.partial(self.forget_set, name))

    @Slot()
    def _browse(self) -> None:
        dialog = QFileDialog(
            self, "Choose a list of classes", "", "Text (*.txt *.csv *.names);;All files (*)"
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.import_file)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot(str)
    def import_file(self, file: str) -> None:
        """Take the classes of a text file in the place of those that are there."""
        try:
            names = read_classes(Path(file))
        except BadInput as error:
            self.say(str(error))
            return
        self.set_names(names)
        self.say(f"{amount(len(self.names()), 'class', 'classes')} from {Path(file).name}.")

    @Slot()
    def _ask_for_name(self) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle("Keep a set")
        dialog.setLabelText("Name of the set; one that is there already is replaced:")
        dialog.textValueSelected.connect(self.keep_set)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot(str)
    def keep_set(self, name: str) -> None:
        """Keep the classes that are there under a name."""
        if title := tidy(name):
            self._settings.set_page_values(_SETS, {**self._sets(), title: list(self.names())})
            self.say(f"Kept as “{title}”.")

    def forget_set(self, name: str) -> None:
        """Delete a set that was kept."""
        kept = self._sets()
        kept.pop(name, None)
        self._settings.set_page_values(_SETS, kept)
        self.say(f"“{name}” is deleted.")


class _Grower(QScrollArea):
    """As tall as its widget wants to be, up to a few lines of chips.

    Signals:
        fitted: its height is another.
    """

    fitted = Signal(int)

    def __init__(self, chips: ChipEdit) -> None:
        super().__init__()
        self._chips = chips
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(chips)
        chips.changed.connect(self.fit)

    @Slot()
    def fit(self) -> None:
        wanted = self._chips.heightForWidth(self.viewport().width())
        self.fitted.emit(min(wanted, _HEIGHT))
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width() and self.isVisible():
            self.fit()
