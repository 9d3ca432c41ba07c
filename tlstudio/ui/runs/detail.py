"""What is said of one run, to be changed, and what can be done with it."""

import dataclasses
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QFocusEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from tlstudio.evaluation.run_table import ListedRun
from tlstudio.runs.notes import RunNotes
from tlstudio.ui.item_models.runs import network, strategy
from tlstudio.ui.runs.desk import RunsDesk
from tlstudio.ui.theme import Space, Theme, with_role
from tlstudio.ui.widgets.basics import button


class NoteEdit(QPlainTextEdit):
    """Several lines; Tab leaves them.

    Signals:
        left: the focus went elsewhere.
    """

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Note")
        self.setPlaceholderText("A note: what was tried, and what came of it")
        self.setTabChangesFocus(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class RunDetail(QWidget):
    """The fields of the one run that is looked at; what is typed is kept when the field is left.

    Signals:
        show_wanted: the run is wanted on the Train page: its folder.
        evaluate_wanted: the run is wanted on the Evaluate page: its folder.
    """

    show_wanted = Signal(object)
    evaluate_wanted = Signal(object)

    def __init__(self, desk: RunsDesk, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self._run: ListedRun | None = None
        self.name, self.tags, self.note = QLineEdit(), QLineEdit(), NoteEdit()
        self.name.setAccessibleName("Name")
        self.tags.setAccessibleName("Tags")
        self.tags.setPlaceholderText("Tags, separated by commas")
        self.star = button(theme, "Star", "star", "quiet")
        self.star.setCheckable(True)
        self.train_button = button(theme, "Show on Train", "train")
        self.evaluate_button = button(theme, "Evaluate", "evaluate")
        self.folder_button = button(theme, "Open folder", "folder")
        self.delete_button = button(theme, "Delete", "trash", "danger")
        self._facts = with_role(QLabel(), "quiet")
        self._facts.setWordWrap(True)
        self._lay_out()
        desk.selection_changed.connect(self._show)
        desk.runs_changed.connect(self._show)
        for field in (self.name, self.tags):
            field.editingFinished.connect(self._say)
        self.note.left.connect(self._say)
        self.star.clicked.connect(self._say)
        self.train_button.clicked.connect(self._to_train)
        self.evaluate_button.clicked.connect(self._to_evaluate)
        self.folder_button.clicked.connect(self._open)
        self.delete_button.clicked.connect(self._delete)

    def _lay_out(self) -> None:
        fields = QGridLayout()
        fields.setSpacing(Space.S)
        fields.addWidget(with_role(QLabel("Name"), "quiet"), 0, 0)
        fields.addWidget(self.name, 0, 1)
        fields.addWidget(self.star, 0, 2)
        fields.addWidget(with_role(QLabel("Tags"), "quiet"), 1, 0)
        fields.addWidget(self.tags, 1, 1, 1, 2)
        actions = QHBoxLayout()
        actions.setSpacing(Space.S)
        for each in (self.train_button, self.evaluate_button, self.folder_button):
            actions.addWidget(each)
        actions.addStretch(1)
        actions.addWidget(self.delete_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(fields)
        layout.addWidget(self.note, 1)
        layout.addWidget(self._facts)
        layout.addLayout(actions)

    @Slot()
    def _show(self) -> None:
        before = self._run
        self._run = self._desk.selected[0] if len(self._desk.selected) == 1 else None
        run = self._run
        if run is None:
            return
        same = before is not None and before.path == run.path
        notes = run.notes
        with QSignalBlocker(self.name), QSignalBlocker(self.tags), QSignalBlocker(self.note):
            for field, words in ((self.name, run.title), (self.tags, ", ".join(notes.tags))):
                if not (same and field.hasFocus()):  # somebody types in it
                    field.setText(words)
            if not (same and self.note.hasFocus()):
                self.note.setPlainText(notes.note)
        self.star.setChecked(notes.starred)
        self.star.setText("Starred" if notes.starred else "Star")
        weights = run.row.weights
        size = run.config.image_size if run.config else None
        told = [network(run), strategy(run), f"weights {weights}", f"{size} px" if size else "", run.images]
        self._facts.setText(run.damage or " · ".join(filter(None, told)))
        self._facts.setToolTip(str(run.path))
        whole = run.config is not None
        self.train_button.setEnabled(whole)
        self.evaluate_button.setEnabled(whole and run.epochs > 0 and run.row.status != "running")
        self.delete_button.setEnabled(run.row.status != "running")

    @Slot()
    def _say(self) -> None:
        run = self._run
        if run is None:
            return
        name = self.name.text().strip()
        own = run.notes.name if name == run.title else name
        tags = dict.fromkeys(tag.strip() for tag in self.tags.text().split(","))
        notes = RunNotes(
            own, self.note.toPlainText().strip(), tuple(filter(None, tags)), self.star.isChecked()
        )
        if notes != run.notes:
            self._run = dataclasses.replace(run, notes=notes)
            self._desk.say(run, notes)

    @property
    def _path(self) -> Path:
        assert self._run is not None, "nothing is shown without a run"
        return self._run.path

    @Slot()
    def _to_train(self) -> None:
        self.show_wanted.emit(self._path)

    @Slot()
    def _to_evaluate(self) -> None:
        self.evaluate_wanted.emit(self._path)

    @Slot()
    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path)))

    @Slot()
    def _delete(self) -> None:
        self._desk.delete(self._desk.selected)
