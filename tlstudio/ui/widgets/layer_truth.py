"""Whether freezing holds: what each layer of a run does in fact, and how far each block moved."""

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import Strategy
from tlstudio.training.events import BlocksMoved, EpochFinished, FreezeStated, LayerStated, RunStarted
from tlstudio.ui.icons import icon
from tlstudio.ui.item_models.layer_tree import LayerState
from tlstudio.ui.item_models.layer_truth import BAR_ROLE, STATE_ROLE, Column, LayerTruthModel
from tlstudio.ui.theme import Size, Space, Theme, Type, number_font, with_role
from tlstudio.ui.widgets.paint import STATE_ICON, STATE_TOKEN, font

_NOT_YET = "Shown once training begins: which layers are trained in fact, and how far they move."
_AS_IS = "The model is used as it is: nothing is trained, so no layer changes."
_NOT_KEPT = "This run has no record of its layers: an earlier version of the studio trained it."
_GRADIENT = Size.AXIS + Size.FIELD + 2 * Space.S  # the width of a number and its bar
_RANDOM = "none"  # RunConfig's weights


class LayerTruth(QWidget):
    """The layers of a run by block, or a sentence where there is nothing to show of them.

    Attributes:
        verdict: says what was found when they were checked; it stands wherever there is room beside a table.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._run: RunStarted | None = None
        self._theme = theme
        self.model = LayerTruthModel(self)
        self.verdict, self.sentence = (with_role(QLabel(), "quiet") for _ in range(2))
        for label in (self.verdict, self.sentence):
            label.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.view = QTreeView()
        self._prepare_view()
        self._states = QStackedWidget()
        self._states.addWidget(self.sentence)
        self._states.addWidget(self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._states)
        self.clear()

    def clear(self) -> None:
        """Nothing yet of a run."""
        self._run = None
        self.model.clear()
        self._say_nothing_but(_NOT_YET)

    def take(self, event: RunStarted | FreezeStated | BlocksMoved | EpochFinished) -> None:
        match event:
            case RunStarted():
                self._run = event
                if event.config.strategy is Strategy.AS_IS:
                    self._say_nothing_but(_AS_IS)
            case FreezeStated():
                self.model.show_stage(event, self._is_new(event))
                self._say_checked()
                self.view.scrollToBottom()  # where what is trained begins
            case BlocksMoved():
                self.model.show_moved(event)
                self._say_checked()
            case EpochFinished() if self._run and self._run.stages and not self.model.rowCount():
                self._say_nothing_but(_NOT_KEPT)
            case _:
                pass

    def _is_new(self, stated: FreezeStated) -> Callable[[LayerStated], bool]:
        """Whether a layer began from random weights: the head always, from scratch every one."""
        config = self._run.config if self._run else None
        all_new = config is not None and (config.strategy is Strategy.SCRATCH or config.weights == _RANDOM)
        head = stated.layers[-1].block
        return lambda layer: all_new or layer.block == head

    def _say_nothing_but(self, words: str) -> None:
        self.sentence.setText(words)
        self.verdict.setText("")
        self._states.setCurrentWidget(self.sentence)

    def _say_checked(self) -> None:
        model = self.model
        if not model.frozen_layers:
            verdict = "Nothing is frozen in this stage: every layer is trained."
        elif model.epoch is None:
            verdict = "Frozen layers are compared bit by bit after each epoch."
        else:
            verdict = f"Checked after each epoch, last after {model.epoch}: "
            verdict += "no frozen layer moved by a single bit."
        self.verdict.setText(verdict)
        self._states.setCurrentWidget(self.view)

    def _prepare_view(self) -> None:
        view = self.view
        view.setAccessibleName("Layers of the run")
        view.setModel(self.model)
        view.setItemDelegate(_Delegate(self._theme, view))
        view.setFont(number_font())
        view.setUniformRowHeights(True)
        view.setIndentation(Size.ICON)
        view.setSelectionMode(QTreeView.SelectionMode.SingleSelection)
        view.setTabKeyNavigation(False)
        view.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        header = view.header()
        header.setSectionsMovable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(Column.LAYER, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(Column.GRADIENT, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(Column.GRADIENT, _GRADIENT)
        header.setStretchLastSection(False)
        header.setFont(font(Type.CAPTION, bold=True))  # a style sheet's does not count for the width
        header.setFixedHeight(Size.ROW)
        self._theme.changed.connect(self._repaint)

    @Slot()
    def _repaint(self) -> None:
        self.view.viewport().update()


class _Delegate(QStyledItemDelegate):
    """Draws the state with its icon, what is frozen in quiet words, and a gradient with its bar."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        state: LayerState = index.data(STATE_ROLE)
        if index.column() == Column.STATE:
            option.icon = icon(STATE_ICON[state], getattr(self._theme.tokens, STATE_TOKEN[state]))  # type: ignore[attr-defined]
            option.decorationSize = QSize(Size.ICON_SMALL, Size.ICON_SMALL)  # type: ignore[attr-defined]
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration  # type: ignore[attr-defined]
        elif state is LayerState.FROZEN and index.column() != Column.LAYER:
            quiet = QColor(self._theme.color("quiet"))
            option.palette.setColor(QPalette.ColorRole.Text, quiet)  # type: ignore[attr-defined]

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return super().sizeHint(option, index) + QSize(Space.M, 0)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        share = index.data(BAR_ROLE) if index.column() == Column.GRADIENT else None
        if share is None:
            return
        room: QRect = option.rect.adjusted(Size.AXIS + Space.S, 0, -Space.S, 0)  # type: ignore[attr-defined]
        bar = QRect(room.left(), 0, max(Size.FOCUS, round(room.width() * share)), Size.BAR)
        bar.moveTop(room.center().y() - Size.BAR // 2 + 1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("accent"))
        painter.drawRoundedRect(bar, Size.FOCUS, Size.FOCUS)
        painter.restore()
