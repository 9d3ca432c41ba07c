"""Which CLIP model is asked, and whether its weights are on this machine."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.ui.text import size
from tlstudio.ui.theme import Size, Space, with_role
from tlstudio.ui.widgets.glyph import Glyph
from tlstudio.zeroshot.catalogue import ClipModel, clip_models, first_choice, present

_FILE = "file…"
_KINDS = "Weights (*.safetensors *.bin *.pt *.pth);;All files (*)"


class ClipPicker(QWidget):
    """Published models and a file of one's own; for a file also the architecture that it belongs to.

    Signals:
        changed: ``model`` or ``pretrained`` is another.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._file = ""
        self.combo = QComboBox()
        self.combo.setAccessibleName("Model")
        self.architecture = QComboBox()
        self.architecture.setAccessibleName("Architecture of the weights file")
        self.architecture.setToolTip("The open_clip architecture that the file's weights belong to")
        self.architecture.setEditable(True)
        self.architecture.addItems(list(dict.fromkeys(one.model for one in clip_models() if one.repo_id)))
        for combo in (self.combo, self.architecture):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(12)
        self._glyph = Glyph("download", size=Size.ICON_SMALL)
        self._words = with_role(QLabel(), "caption")
        self._words.setWordWrap(True)
        state = QHBoxLayout()
        state.setSpacing(Space.XS)
        state.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self._words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addWidget(self.combo)
        layout.addWidget(self.architecture)
        layout.addLayout(state)
        self._fill()
        self.combo.setCurrentIndex(clip_models().index(first_choice()))
        self._show_state()
        self.combo.activated.connect(self._choose)
        self.architecture.currentTextChanged.connect(self._architecture_changed)

    @property
    def model(self) -> str:
        """As in ZeroShotRequest."""
        published = self._published
        return published.model if published else self.architecture.currentText().strip()

    @property
    def pretrained(self) -> str:
        """As in ZeroShotRequest."""
        published = self._published
        return published.pretrained if published else self._file

    @property
    def state(self) -> str:
        """The line beneath the choice."""
        return self._words.text()

    def set_choice(self, model: str, pretrained: str) -> None:
        """Choose a published model, or a file and the architecture it belongs to; otherwise nothing."""
        for row, one in enumerate(clip_models()):
            if (one.model, one.pretrained) == (model, pretrained):
                self.combo.setCurrentIndex(row)
                self._show_state()
                return
        if pretrained and Path(pretrained).is_file():
            self._take_file(pretrained)
            self.architecture.setCurrentText(model)

    @Slot()
    def look_again(self) -> None:
        """See anew which weights are on this machine."""
        self._show_state()

    @property
    def _published(self) -> ClipModel | None:
        row, offered = self.combo.currentIndex(), clip_models()
        return offered[row] if 0 <= row < len(offered) else None

    def _fill(self) -> None:
        self.combo.clear()
        for one in clip_models():
            self.combo.addItem(one.title if one.top1 is None else f"{one.title} · ImageNet {one.top1:.1f} %")
        if self._file:
            self.combo.addItem(Path(self._file).name)
        self.combo.addItem("From a file…", _FILE)
        self._shown = 0
        self.architecture.hide()

    def _show_state(self) -> None:
        self._shown = self.combo.currentIndex()
        published = self._published
        self.architecture.setVisible(published is None)
        if published is None:
            self._glyph.set_icon("folder")
            self._words.setText(self._file)
        elif present(published):
            self._glyph.set_icon("check")
            self._words.setText(f"On this machine · licence: {published.licence}")
        else:
            much = f"{size(published.megabytes * 1e6)} to download" if published.megabytes else "To download"
            self._glyph.set_icon("download")
            self._words.setText(f"{much} on first use · licence: {published.licence}")
        accuracy = published.top1 if published else None
        self.combo.setToolTip(f"{accuracy:.1f} % top-1 on ImageNet-1K, zero-shot" if accuracy else "")

    @Slot(int)
    def _choose(self, row: int) -> None:
        if self.combo.itemData(row) == _FILE:
            self.combo.setCurrentIndex(self._shown)
            dialog = QFileDialog(self, "Choose a file of CLIP weights")
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setNameFilter(_KINDS)
            dialog.fileSelected.connect(self.choose_file)
            dialog.open()
        elif row != self._shown:
            self._show_state()
            self.changed.emit()

    @Slot(str)
    def choose_file(self, file: str) -> None:
        self._take_file(file)
        self.changed.emit()

    def _take_file(self, file: str) -> None:
        self._file = file
        self._fill()
        self.combo.setCurrentIndex(len(clip_models()))
        self._show_state()

    @Slot(str)
    def _architecture_changed(self, _name: str) -> None:
        if self._published is None:
            self.changed.emit()
