"""Which CLIP model is asked, what it costs, and whether its weights are on this machine."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRect, QSize, QStringListModel, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from tlstudio.ui.item_models.thumbnails import Index
from tlstudio.ui.text import figure, size
from tlstudio.ui.theme import Size, Space, Type, with_role
from tlstudio.ui.widgets.glyph import Glyph
from tlstudio.ui.widgets.paint import draw_icon, draw_text, font
from tlstudio.zeroshot.catalogue import ClipModel, clip_models, first_choice, missing_package, present
from tlstudio.zeroshot.store import EmbeddingStore

_NAME, _FILE, _FOLDER = "name…", "file…", "folder…"
_KINDS = "Weights (*.safetensors *.bin *.pt *.pth);;All files (*)"
_LOCAL_DIR = "local-dir:"
_DETAIL = Qt.ItemDataRole.UserRole + 1  # the second line of a model in the list
_ICON = Qt.ItemDataRole.UserRole + 2


@dataclasses.dataclass(frozen=True)
class _Own:
    """A model that is not on the list: from a file, from a folder, or by its name in open_clip."""

    kind: str
    model: str
    pretrained: str

    @property
    def title(self) -> str:
        if self.kind == _NAME:
            return f"{self.model}/{self.pretrained}" if self.model else "Another of open_clip's"
        return Path(self.pretrained if self.kind == _FILE else self.model.removeprefix(_LOCAL_DIR)).name


class ClipPicker(QWidget):
    """Published models, any other of open_clip's by name, and a file or a folder of one's own.

    For a file also the architecture that it belongs to.

    Signals:
        changed: ``model`` or ``pretrained`` is another.
        names_wanted: a name is to be typed: :meth:`offer_names` would help.
    """

    changed = Signal()
    names_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._own: _Own | None = None
        self._names = QStringListModel(self)
        self.combo = _ModelCombo()
        self.combo.setAccessibleName("Model")
        self.architecture = QComboBox()
        self.architecture.setAccessibleName("Architecture of the weights file")
        self.architecture.setToolTip("The open_clip architecture that the file's weights belong to")
        self.architecture.setEditable(True)
        self.architecture.addItems(list(dict.fromkeys(one.model for one in clip_models() if one.repo_id)))
        self.name = QLineEdit()
        self.name.setAccessibleName("Model and tag")
        self.name.setPlaceholderText("model/tag, such as ViT-L-14/openai")
        for combo in (self.combo, self.architecture):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(12)
        self._glyph = Glyph("download", size=Size.ICON_SMALL)
        self._words = with_role(QLabel(), "caption")
        self._words.setWordWrap(True)
        self._lay_out()
        self._fill()
        self.combo.setCurrentIndex(clip_models().index(first_choice()))
        self._show_state()
        self.combo.activated.connect(self._choose)
        self.combo.opened.connect(self._tell_details)
        self.architecture.currentTextChanged.connect(self._architecture_changed)
        self.name.editingFinished.connect(self._name_written)

    def _lay_out(self) -> None:
        completer = QCompleter(self._names, self.name)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.name.setCompleter(completer)
        state = QHBoxLayout()
        state.setSpacing(Space.XS)
        state.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self._words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        for each in (self.combo, self.architecture, self.name):
            layout.addWidget(each)
        layout.addLayout(state)

    @property
    def model(self) -> str:
        """As in ZeroShotRequest."""
        if published := self._published:
            return published.model
        if self._own is not None and self._own.kind != _FILE:
            return self._own.model
        return self.architecture.currentText().strip()

    @property
    def pretrained(self) -> str:
        """As in ZeroShotRequest."""
        if published := self._published:
            return published.pretrained
        return self._own.pretrained if self._own else ""

    @property
    def state(self) -> str:
        """The line beneath the choice."""
        return self._words.text()

    def set_choice(self, model: str, pretrained: str) -> None:
        """Choose a published model, another by name, or a file or folder that is there; otherwise nothing."""
        for row, one in enumerate(clip_models()):
            if (one.model, one.pretrained) == (model, pretrained):
                self.combo.setCurrentIndex(row)
                self._show_state()
                return
        if model.startswith(_LOCAL_DIR):
            if Path(model.removeprefix(_LOCAL_DIR)).is_dir():
                self._take(_Own(_FOLDER, model, ""))
        elif pretrained and Path(pretrained).is_file():
            self._take(_Own(_FILE, "", pretrained))
            self.architecture.setCurrentText(model)
        elif model and pretrained and not Path(pretrained).suffix:
            self._take(_Own(_NAME, model, pretrained))

    def offer_names(self, names: Sequence[str]) -> None:
        """Complete what is typed to these, "model/tag"."""
        self._names.setStringList(list(names))

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
        if self._own is not None:
            self.combo.addItem(self._own.title)
        for words, kind in (
            ("Another by name…", _NAME),
            ("From a file…", _FILE),
            ("From a folder…", _FOLDER),
        ):
            self.combo.addItem(words, kind)
        self._shown = 0
        self.architecture.hide()
        self.name.hide()

    @Slot()
    def _tell_details(self) -> None:
        """The second line of each model, as things are now."""
        speeds = EmbeddingStore().speeds()
        for row, one in enumerate(clip_models()):
            here = present(one)
            self.combo.setItemData(row, _details(one, speeds.get(one.model), here=here), _DETAIL)
            self.combo.setItemData(row, "check" if here else "download", _ICON)

    def _show_state(self) -> None:
        self._shown = self.combo.currentIndex()
        published, own = self._published, self._own
        self.architecture.setVisible(published is None and own is not None and own.kind == _FILE)
        self.name.setVisible(published is None and own is not None and own.kind == _NAME)
        tip = ""
        if published is not None:
            icon, words = _state_of(published)
            tip = f"{published.top1:.1f} % top-1 on ImageNet-1K, zero-shot" if published.top1 else ""
        elif own is not None and own.kind == _NAME:
            icon, words = "download", "Downloaded on first use, if it is not on this machine yet"
        else:
            icon = "folder"
            words = "" if own is None else own.pretrained or own.model.removeprefix(_LOCAL_DIR)
        self._glyph.set_icon(icon)
        self._words.setText(words)
        self.combo.setToolTip(tip)

    @Slot(int)
    def _choose(self, row: int) -> None:
        kind = self.combo.itemData(row)
        if kind == _NAME:
            self._take(_Own(_NAME, "", ""))
            self.name.clear()
            self.name.setFocus()
            self.names_wanted.emit()
            self.changed.emit()
        elif kind in (_FILE, _FOLDER):
            self.combo.setCurrentIndex(self._shown)
            self._browse(kind)
        elif row != self._shown:
            self._show_state()
            self.changed.emit()

    def _browse(self, kind: str) -> None:
        file = kind == _FILE
        words = "Choose a file of CLIP weights" if file else "Choose a folder with open_clip_config.json"
        dialog = QFileDialog(self, words)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile if file else QFileDialog.FileMode.Directory)
        if file:
            dialog.setNameFilter(_KINDS)
        dialog.fileSelected.connect(self.choose_file if file else self.choose_folder)
        dialog.open()

    @Slot(str)
    def choose_file(self, file: str) -> None:
        self._take(_Own(_FILE, "", file))
        self.changed.emit()

    @Slot(str)
    def choose_folder(self, folder: str) -> None:
        self._take(_Own(_FOLDER, _LOCAL_DIR + folder, ""))
        self.changed.emit()

    @Slot()
    def _name_written(self) -> None:
        model, _, tag = "".join(self.name.text().split()).rpartition("/")
        if self._own is None or self._own.kind != _NAME or (model, tag) == (self.model, self.pretrained):
            return
        self._take(_Own(_NAME, model, tag))
        self.changed.emit()

    def _take(self, own: _Own) -> None:
        self._own = own
        self._fill()
        self.combo.setCurrentIndex(len(clip_models()))
        if own.kind == _NAME and own.model:
            self.name.setText(own.title)
        self._show_state()

    @Slot(str)
    def _architecture_changed(self, _name: str) -> None:
        if self._published is None:
            self.changed.emit()


def _details(model: ClipModel, images_per_second: float | None, *, here: bool) -> str:
    parts = (
        "on this machine" if here else "to download",
        size(model.megabytes * 1e6) if model.megabytes and model.repo_id else "",
        f"{figure(images_per_second)} images/s here" if images_per_second else "",
        model.licence,
        f"wants {missing_package(model)}" if missing_package(model) else "",
    )
    return " · ".join(filter(None, parts))


def _state_of(model: ClipModel) -> tuple[str, str]:
    """An icon, and the line beneath the choice."""
    if package := missing_package(model):
        return "warning", f"It wants the package {package}: pip install {package} · licence: {model.licence}"
    if present(model):
        return "check", f"On this machine · licence: {model.licence}"
    much = f"{size(model.megabytes * 1e6)} to download" if model.megabytes else "To download"
    return "download", f"{much} on first use · licence: {model.licence}"


class _ModelCombo(QComboBox):
    """Its list has two lines a model.

    Signals:
        opened: the list is about to be shown.
    """

    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setItemDelegate(_TwoLines(self))
        self.setMaxVisibleItems(16)

    def showPopup(self) -> None:
        self.opened.emit()
        super().showPopup()

    def wheelEvent(self, event: QEvent) -> None:
        event.ignore()


class _TwoLines(QStyledItemDelegate):
    """The title, and beneath it what the model costs."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = Size.ROW_TWO_LINES if index.data(_DETAIL) else Size.ROW
        return QSize(Size.SIDE + Size.FIELD, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        state: QStyle.StateFlag = option.state  # pyright: ignore[reportAttributeAccessIssue]
        palette: QPalette = option.palette  # pyright: ignore[reportAttributeAccessIssue]
        painter.save()
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(box, palette.color(QPalette.ColorRole.Midlight))
        words = box.adjusted(Space.S, Space.XS, -Space.S, -Space.XS)
        detail = index.data(_DETAIL)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        painter.setFont(font(Type.BODY))
        if not detail:
            draw_text(painter, words, index.data(Qt.ItemDataRole.DisplayRole))
        else:
            half = words.height() // 2
            draw_text(painter, words.adjusted(0, 0, 0, -half), index.data(Qt.ItemDataRole.DisplayRole))
            quiet = palette.color(QPalette.ColorRole.PlaceholderText)
            lower = words.adjusted(0, half, 0, 0)
            figure_box = QRect(lower.left(), lower.top(), Type.BODY, Type.BODY)
            figure_box.moveCenter(lower.center())
            figure_box.moveLeft(lower.left())
            draw_icon(painter, index.data(_ICON), quiet, figure_box)
            painter.setPen(quiet)
            painter.setFont(font(Type.CAPTION))
            draw_text(painter, lower.adjusted(Type.BODY + Space.XS, 0, 0, 0), detail)
        painter.restore()
