"""Which run, which epoch's model, and whose images."""

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from tlstudio.data.catalogue import Split
from tlstudio.ui.evaluate.desk import EvaluateDesk
from tlstudio.ui.theme import Size, Space, with_role
from tlstudio.ui.widgets.basics import QuietComboBox

_SPLITS: tuple[tuple[Split, str], ...] = (("test", "Test images"), ("val", "Validation images"))


class RunChoice(QWidget):
    """Three fields in a line; each follows the desk and changes it."""

    def __init__(self, desk: EvaluateDesk) -> None:
        super().__init__()
        self._desk = desk
        self.run, self.epoch, self.split = QuietComboBox(), QuietComboBox(), QuietComboBox()
        for field, name in ((self.run, "Run"), (self.epoch, "Epoch"), (self.split, "Images")):
            field.setAccessibleName(name)
        for split, words in _SPLITS:
            self.split.addItem(words, split)
        self.epoch.setFixedWidth(Size.THUMBNAIL)
        self.split.setFixedWidth(Size.THUMBNAIL)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.S)
        for words, field, stretch in (("Run", self.run, 1), ("Model of", self.epoch, 0), ("", self.split, 0)):
            if words:
                line.addWidget(with_role(QLabel(words), "quiet"))
            line.addWidget(field, stretch)
        desk.runs_changed.connect(self._show_runs)
        desk.chosen.connect(self._show_chosen)
        self.run.activated.connect(self._choose_run)
        self.epoch.activated.connect(self._choose_epoch)
        self.split.activated.connect(self._choose_split)

    @Slot()
    def _show_runs(self) -> None:
        self.run.clear()
        for one in self._desk.runs or ():
            self.run.addItem(one.title, str(one.path))
            self.run.setItemData(self.run.count() - 1, str(one.path), Qt.ItemDataRole.ToolTipRole)
        self._show_chosen()

    @Slot()
    def _show_chosen(self) -> None:
        run = self._desk.run
        self.epoch.clear()
        if run is None:
            return
        self.run.setCurrentIndex(self.run.findData(str(run.path)))
        self.run.setToolTip(str(run.path))
        for epoch in run.epochs:
            self.epoch.addItem(f"epoch {epoch}{' · chosen' if epoch == run.best else ''}", epoch)
        self.epoch.setCurrentIndex(self.epoch.findData(self._desk.epoch))

    @Slot(int)
    def _choose_run(self, place: int) -> None:
        self._desk.choose_run(Path(self.run.itemData(place)))

    @Slot(int)
    def _choose_epoch(self, place: int) -> None:
        self._desk.choose_epoch(self.epoch.itemData(place))

    @Slot(int)
    def _choose_split(self, place: int) -> None:
        self._desk.show_split(self.split.itemData(place))
