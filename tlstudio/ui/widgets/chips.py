"""Short names as chips that are typed, pasted, renamed and taken out."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.ui.theme import Radius, Size, Space, Theme
from tlstudio.ui.widgets.chip import SEPARATORS, Chip, NameField, split_names, tidy, words_of
from tlstudio.ui.widgets.flow_layout import FlowLayout


class ChipEdit(QFrame):
    """A list of different names, each a chip, and a field for the next one.

    Signals:
        changed: a name came, went or was respelt.
        said: what to tell the person about the last thing they did; empty when there is nothing to say.
        too_many: all names, where they would be more than ``most``; nothing was added then.
    """

    changed = Signal()
    said = Signal(str)
    too_many = Signal(list)

    def __init__(self, theme: Theme, what: str, whats: str, parent: QWidget | None = None) -> None:
        """``what`` and ``whats`` say what names are for, as in "class" and "classes"."""
        super().__init__(parent)
        self._theme, self._what, self._whats = theme, what, whats
        self.most: int | None = None  # chips that can be there; no limit if None
        self._chips: list[Chip] = []
        self._entry = NameField()
        self._entry.setAccessibleName(f"Add {whats}")
        self._entry.setPlaceholderText(f"Add {whats}: type or paste, then Enter")
        self._entry.returnPressed.connect(self._take_entry)
        self._entry.textEdited.connect(self._look_for_separators)
        self._entry.pasted.connect(self.add)
        self._entry.backspaced.connect(self._drop_last)
        self._entry.installEventFilter(self)
        self._respelling: Chip | None = None
        self._respelt = NameField()
        self._respelt.setAccessibleName(f"Rename the {what}")
        self._respelt.returnPressed.connect(self._finish_renaming)
        self._respelt.escaped.connect(self._cancel_renaming)
        self._respelt.left.connect(self._leave_renaming)
        self._respelt.installEventFilter(self)
        self._respelt.hide()
        self.setFocusProxy(self._entry)
        self._flow = FlowLayout(spacing=Space.XS, stretch_last=True)
        self._flow.addWidget(self._entry)
        self._flow.addWidget(self._respelt)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(Space.XS, Space.XS, Space.XS, Space.XS)
        outer.addLayout(self._flow)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.update)

    @property
    def entry(self) -> QLineEdit:
        return self._entry

    @property
    def chips(self) -> tuple[Chip, ...]:
        return tuple(self._chips)

    @property
    def rename_field(self) -> QLineEdit:
        return self._respelt

    def names(self) -> tuple[str, ...]:
        return tuple(chip.text for chip in self._chips)

    def set_names(self, names: Iterable[str]) -> None:
        """Replace all, leaving out what is empty or there twice."""
        for chip in self._chips:
            self._discard(chip)
        self._chips.clear()
        for name in map(tidy, names):
            if name and not self._known(name):
                self._insert(len(self._chips), name)
        self.changed.emit()

    @Slot(str)
    def add(self, text: str) -> None:
        """Add the names in ``text``, a list as people write it; those already there are refused."""
        names = split_names(text)
        if self.most is not None and len(names) + len(self._chips) > self.most:
            self.too_many.emit([*self.names(), *names])
            return
        refused: dict[str, None] = {}
        added = 0
        for name in names:
            if self._known(name):
                refused[name] = None
            else:
                self._insert(len(self._chips), name)
                added += 1
        if added:
            self.changed.emit()
        if not names:
            self.said.emit(f"Write the name of a {self._what} first.")
        elif refused:
            listed = ", ".join(f"“{name}”" for name in refused)
            self.said.emit(f"{listed} {'is' if len(refused) == 1 else 'are'} in the list already.")
        else:
            self.said.emit(f"{added} {self._whats} added." if added > 1 else "")

    # Qt's own

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        active = self._entry.hasFocus() or self._respelt.hasFocus()
        edge = Size.FOCUS if active else Size.LINE
        painter.setPen(QPen(self._theme.color("accent" if active else "control_line"), edge))
        painter.setBrush(self._theme.color("surface"))
        inset = edge / 2
        painter.drawRoundedRect(
            self.rect().toRectF().adjusted(inset, inset, -inset, -inset), Radius.CONTROL, Radius.CONTROL
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._entry.setFocus(Qt.FocusReason.MouseFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().eventFilter(watched, event)

    # Own

    @Slot()
    def _take_entry(self) -> None:
        self.add(self._entry.text())
        self._entry.clear()

    @Slot(str)
    def _look_for_separators(self, text: str) -> None:
        if SEPARATORS.search(text):
            if split_names(text):
                self.add(text)
            self._entry.clear()

    @Slot()
    def _drop_last(self) -> None:
        if self._chips:
            self._take_out(self._chips[-1])

    @Slot()
    def _remove(self) -> None:
        chip = self.sender()
        if isinstance(chip, Chip) and chip in self._chips:
            position = self._chips.index(chip)
            had_focus = chip.hasFocus()
            self._take_out(chip)
            if had_focus:
                self._focus(position)

    @Slot(int)
    def _move_focus(self, step: int) -> None:
        chip = self.sender()
        if isinstance(chip, Chip) and chip in self._chips:
            self._focus(max(0, self._chips.index(chip) + step))

    def _focus(self, position: int) -> None:
        """The chip there, or the field after the last one."""
        target = self._chips[position] if position < len(self._chips) else self._entry
        target.setFocus(Qt.FocusReason.TabFocusReason)

    @Slot()
    def _start_renaming(self) -> None:
        chip = self.sender()
        if not isinstance(chip, Chip) or chip not in self._chips:
            return
        self._leave_renaming()
        self._respelling = chip
        self._flow.move_widget(self._respelt, self._chips.index(chip))
        self._respelt.setText(chip.text)
        self._respelt.show()
        self._respelt.selectAll()
        self._respelt.setFocus()
        chip.hide()

    @Slot()
    def _finish_renaming(self) -> None:
        """Enter: take the new name, or say why not and keep the field open."""
        chip, name = self._respelling, tidy(self._respelt.text())
        if chip is None:
            return
        if not name:
            self.said.emit(f"A {self._what} needs a name. Delete takes it out of the list.")
        elif self._known(name, other_than=chip):
            self.said.emit(f"“{name}” is in the list already.")
        else:
            self._close_renaming()
            chip.setFocus(Qt.FocusReason.TabFocusReason)
            self._respell(chip, name)

    @Slot()
    def _cancel_renaming(self) -> None:
        chip = self._close_renaming()
        if chip is not None:
            chip.setFocus(Qt.FocusReason.TabFocusReason)

    @Slot()
    def _leave_renaming(self) -> None:
        """The focus went elsewhere: a name that can stand is taken, another is forgotten."""
        name = tidy(self._respelt.text())
        chip = self._close_renaming()
        if chip is not None and name and not self._known(name, other_than=chip):
            self._respell(chip, name)

    def _close_renaming(self) -> Chip | None:
        chip, self._respelling = self._respelling, None
        if chip is not None:
            chip.show()
            self._respelt.hide()
            self._flow.move_widget(self._respelt, self._flow.count() - 1)
        return chip

    def _respell(self, chip: Chip, name: str) -> None:
        self.said.emit("")
        if name != chip.text:
            chip.set_text(name)
            self.changed.emit()

    def _known(self, name: str, other_than: Chip | None = None) -> bool:
        words = set(words_of(name))
        return any(words & set(words_of(chip.text)) for chip in self._chips if chip is not other_than)

    def _insert(self, position: int, name: str) -> None:
        chip = Chip(name, self._theme, self)
        chip.remove_asked.connect(self._remove)
        chip.rename_asked.connect(self._start_renaming)
        chip.moved.connect(self._move_focus)
        self._flow.insert_widget(position, chip)
        # Tab goes through the chips in their order, then to the field.
        if self._chips:
            QWidget.setTabOrder(self._chips[position - 1], chip)
        QWidget.setTabOrder(chip, self._entry)
        self._chips.insert(position, chip)
        chip.show()

    def _take_out(self, chip: Chip) -> None:
        self._close_renaming()
        self._chips.remove(chip)
        self._discard(chip)
        self.said.emit("")
        self.changed.emit()

    def _discard(self, chip: Chip) -> None:
        self._flow.removeWidget(chip)
        chip.hide()
        chip.deleteLater()
