"""Which weights a network starts from, and whether they are on this machine."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from tlstudio.models.architectures import Architecture, PublishedWeights
from tlstudio.models.events import Downloaded
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.architecture_list import size_text
from tlstudio.ui.widgets.glyph import Glyph, GlyphButton

RANDOM = "none"
_FILE = "file…"
_FOLDER = "folder…"
_KINDS = "Weights (*.pth *.pt *.safetensors *.bin);;All files (*)"


class WeightsPanel(QWidget):
    """The choice of weights with its download.

    Signals:
        chosen: other weights, as in RunConfig.
        download_asked, cancel_asked: of the chosen weights.
    """

    chosen = Signal(str)
    download_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._architecture: Architecture | None = None
        self._weights = ""
        self._dialog: QFileDialog | None = None
        self.combo = QComboBox()
        self.combo.setAccessibleName("Weights")
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(12)
        self.combo.activated.connect(self._choose)
        self._glyph = Glyph("check", size=Size.ICON_SMALL)
        self._words = with_role(QLabel(), "quiet")
        self._words.setWordWrap(True)
        self._words.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.download = QPushButton("Download")
        self.download.setProperty("kind", "secondary")
        theme.set_icon(self.download, "download")
        self.download.clicked.connect(self.download_asked)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Download")
        self.cancel = GlyphButton("close", "Cancel the download")
        self.cancel.clicked.connect(self.cancel_asked)
        self._lay_out()
        self.set_downloading(False)

    def _lay_out(self) -> None:
        state = QHBoxLayout()
        state.setSpacing(Space.XS)
        state.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self._words, 1)
        progress = QHBoxLayout()
        progress.setSpacing(Space.S)
        progress.addWidget(self._bar, 1)
        progress.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        heading = QLabel("Weights")
        heading.setBuddy(self.combo)
        layout.addWidget(with_role(heading, "lead"))
        layout.addWidget(self.combo)
        layout.addLayout(state)
        layout.addLayout(progress)
        layout.addWidget(self.download)

    @property
    def published(self) -> PublishedWeights | None:
        return self._architecture.published(self._weights) if self._architecture else None

    @property
    def missing(self) -> bool:
        """Whether the chosen weights have to be fetched before a network can start from them."""
        published = self.published
        return published is not None and not published.present

    def show_weights(self, architecture: Architecture, weights: str, *, unused: bool) -> None:
        """Show what is chosen; ``unused`` where the strategy starts from random weights anyway."""
        self._architecture, self._weights = architecture, weights
        self._fill()
        self.combo.setEnabled(not unused)
        name, words = (
            ("spark", "Not used: from scratch starts from random weights.") if unused else self._state()
        )
        self._glyph.set_icon(name)
        self._words.setText(words)
        self._show_buttons(unused)

    def set_downloading(self, busy: bool) -> None:
        self._busy = busy
        self._bar.setRange(0, 0)
        self._show_buttons(unused=not self.combo.isEnabled())

    def show_progress(self, event: Downloaded) -> None:
        # In kilobytes: a bar counts in 32 bits.
        self._bar.setRange(0, event.total // 1024)
        self._bar.setValue(event.done // 1024)
        done, total = size_text(event.done / 1e6), size_text(event.total / 1e6)
        self._words.setText(f"{done} of {total} downloaded" if event.total else f"{done} downloaded")

    def _show_buttons(self, unused: bool) -> None:
        self._bar.setVisible(self._busy)
        self.cancel.setVisible(self._busy)
        self.download.setVisible(self.missing and not self._busy and not unused)

    def _fill(self) -> None:
        assert self._architecture is not None
        self.combo.clear()
        best = self._architecture.default_weights
        for one in sorted(self._architecture.weights, key=lambda one: -one.top1):
            self._add(f"{_title(one)} · {one.top1:.1f} %", "default" if one is best else one.name)
        self._add("Random weights", RANDOM)
        if self.published is None and self._weights != RANDOM:
            self._add(Path(self._weights).name or self._weights, self._weights)
        self._add("From a file…", _FILE)
        self._add("From a folder…", _FOLDER)
        chosen = "default" if self.published is best else self._weights
        self.combo.setCurrentIndex(max(0, self.combo.findData(chosen)))
        self.combo.setToolTip(self.combo.currentText())

    def _add(self, text: str, data: str) -> None:
        self.combo.addItem(text, data)

    def _state(self) -> tuple[str, str]:
        published = self.published
        if self._weights == RANDOM:
            return "spark", "Nothing learned yet: freezing such layers makes little sense."
        if published is None:
            there = Path(self._weights).exists()
            return (
                ("folder", self._weights) if there else ("warning", f"{self._weights} is not there any more.")
            )
        size = size_text(published.megabytes)
        if published.url is None:
            return "check", f"{size}, comes with the studio"
        return (
            ("check", f"{size}, on this machine")
            if published.present
            else ("download", f"{size} to download")
        )

    @Slot(int)
    def _choose(self, row: int) -> None:
        data = self.combo.itemData(row)
        if data in (_FILE, _FOLDER):
            self._fill()
            self._browse(folder=data == _FOLDER)
        elif data != self._weights:
            self.chosen.emit(data)

    def _browse(self, *, folder: bool) -> None:
        dialog = QFileDialog(self, "Choose a folder of weights" if folder else "Choose a file of weights")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setNameFilter(_KINDS)
        dialog.fileSelected.connect(self.chosen)
        dialog.open()


def _title(weights: PublishedWeights) -> str:
    """ "ImageNet-1K V2" for IMAGENET1K_V2."""
    name = weights.name.replace("IMAGENET1K_V", "ImageNet-1K V")
    return "Bundled" if name == "bundled" else name
