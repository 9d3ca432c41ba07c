"""The network drawn as a strip of blocks in the order in which an image passes them."""

import dataclasses
import math

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from tlstudio.models.layers import LayerNode
from tlstudio.ui.item_models.layer_tree import LayerState, LayerTreeModel, shape_text
from tlstudio.ui.theme import Radius, Size, Space, Theme, Type
from tlstudio.ui.widgets.paint import STATE_ICON, STATE_TOKEN, dark_ink, draw_icon, draw_text, font

_RESIDUAL_KINDS = ("BasicBlock", "Bottleneck")
_ARC = Space.XL
_BAR = Size.STRIP
_GAP = Space.XS


@dataclasses.dataclass(frozen=True)
class _Segment:
    node: LayerNode
    box: QRect


class NetworkStrip(QWidget):
    """Blocks as boxes, wider with more parameters, coloured by what training does to them.

    A partly trained block is split where training begins and ends; ResNet's skip connections are arcs.

    Signals:
        block_clicked: the path of a block that the person clicked, or chose with Enter.
    """

    block_clicked = Signal(str)

    def __init__(self, model: LayerTreeModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._theme = theme
        self._current = ""
        self._hovered = ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("The network")
        for changed in (model.modelReset, model.dataChanged):
            changed.connect(self._renew)
        theme.changed.connect(self.update)

    @Slot(str)
    def set_current(self, path: str) -> None:
        """Outline the block of that path."""
        if path != self._current:
            self._current = path
            self._describe()
            self.update()

    def segments(self) -> list[_Segment]:
        """The blocks with their boxes, left to right."""
        tree = self._model.tree
        if tree is None:
            return []
        weights = [math.sqrt(block.parameters) for block in tree.blocks]
        metrics = QFontMetrics(font(Type.CAPTION))
        least = [max(_BAR, metrics.horizontalAdvance(block.name) + Space.S) for block in tree.blocks]
        room = self.width() - _GAP * (len(tree.blocks) - 1) - 2 * Size.FOCUS
        widths = _shares(weights, least, room)
        left, found = float(Size.FOCUS), []
        for block, width in zip(tree.blocks, widths, strict=True):
            box = QRect(round(left), _ARC, round(left + width) - round(left), _BAR)
            found.append(_Segment(block, box))
            left += width + _GAP
        return found

    # Qt's own

    def sizeHint(self) -> QSize:
        return QSize(Size.READING, _ARC + _BAR + 2 * Size.ICON_SMALL + Space.XS)

    def minimumSizeHint(self) -> QSize:
        return QSize(Size.SIDE, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._model.tree is None:
            self._paint_waiting(painter)
        for segment in self.segments():
            self._paint_block(painter, segment)
            self._paint_arcs(painter, segment)
            self._paint_words(painter, segment)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self._at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
        if over != self._hovered:
            self._hovered = over
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = ""
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        path = self._at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and path:
            self.set_current(path)
            self.block_clicked.emit(path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        paths = [segment.node.path for segment in self.segments()]
        if step is not None and paths:
            at = paths.index(self._current) if self._current in paths else -step
            self.set_current(paths[max(0, min(at + step, len(paths) - 1))])
            self.block_clicked.emit(self._current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            path = self._at(event.pos().toPointF())
            found = next((one for one in self.segments() if one.node.path == path), None)
            QToolTip.showText(event.globalPos(), self.hint(found.node) if found else "", self)
            return True
        return super().event(event)

    # Own

    def hint(self, node: LayerNode) -> str:
        """What the tooltip of a block says."""
        state = self._model.state(node)
        lines = [node.name]
        if node.output_shape:
            lines.append(f"puts out {shape_text(node.output_shape)}")
        lines.append(f"{node.parameters:,} parameters" if node.parameters else "no parameters")
        if state is LayerState.MIXED:
            lines.append(f"partly trained: {self._model.trained_share(node):.0%} of its parameters")
        elif state is not LayerState.PLAIN:
            lines.append(state.value)
        return "\n".join(lines)

    def _paint_waiting(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("faint"))
        shares = _shares([1.0, 1.0, 2.0, 3.0, 5.0, 1.0], [_BAR] * 6, self.width() - 5 * _GAP)
        left = 0.0
        for width in shares:
            painter.drawRoundedRect(QRectF(left, _ARC, width, _BAR), Radius.CONTROL, Radius.CONTROL)
            left += width + _GAP

    def _paint_block(self, painter: QPainter, segment: _Segment) -> None:
        box, state = segment.box, self._model.state(segment.node)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(box), Radius.CONTROL, Radius.CONTROL)
        painter.save()
        painter.setClipPath(shape)
        if state is LayerState.PLAIN:
            painter.fillRect(box, self._theme.color("faint"))
        for token, part in self._runs(segment):
            painter.fillRect(part, self._theme.color(token))
        painter.restore()
        if state is LayerState.PLAIN:
            painter.setPen(QPen(self._theme.color("control_line"), Size.LINE, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(
                QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), Radius.CONTROL, Radius.CONTROL
            )
        self._paint_icons(painter, box, state)
        if segment.node.path in (self._current, self._hovered):
            active = segment.node.path == self._current
            token = "accent" if active and self.hasFocus() else "text" if active else "quiet"
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color(token), Size.FOCUS if active else Size.LINE))
            inset = -1.0 if active else 0.5
            painter.drawRoundedRect(
                QRectF(box).adjusted(inset + 1, inset + 1, -inset - 1, -inset - 1),
                Radius.CONTROL,
                Radius.CONTROL,
            )

    def _paint_icons(self, painter: QPainter, box: QRect, state: LayerState) -> None:
        names = ["snowflake", "wrench"] if state is LayerState.MIXED else [STATE_ICON.get(state, "")]
        names = [name for name in names if name]
        width = len(names) * Size.ICON + (len(names) - 1) * Space.XS
        left = box.center().x() - width // 2
        for number, name in enumerate(names):
            glyph = QRect(left + number * (Size.ICON + Space.XS), 0, Size.ICON, Size.ICON)
            glyph.moveTop(box.center().y() - Size.ICON // 2 + 1)
            draw_icon(painter, name, dark_ink(self._theme), glyph)

    def _runs(self, segment: _Segment) -> list[tuple[str, QRectF]]:
        """The block's layers by state, side by side in their order, each as wide as its parameters."""
        leaves = [leaf for leaf in segment.node.leaves() if leaf.parameters]
        total = sum(leaf.parameters for leaf in leaves)
        box, left = QRectF(segment.box), float(segment.box.left())
        runs: list[tuple[str, QRectF]] = []
        for leaf in leaves:
            width = box.width() * leaf.parameters / total
            token = STATE_TOKEN[self._model.state(leaf)]
            if runs and runs[-1][0] == token:
                runs[-1][1].setWidth(left + width - runs[-1][1].left())
            else:
                runs.append((token, QRectF(left, box.top(), width, box.height())))
            left += width
        return runs

    def _paint_arcs(self, painter: QPainter, segment: _Segment) -> None:
        residual = [child for child in segment.node.children if child.kind in _RESIDUAL_KINDS]
        if not residual:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color("quiet"), 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        step = segment.box.width() / len(residual)
        height = min(_ARC - Space.S, max(Space.S, step / 2))
        for number in range(len(residual)):
            inset = min(Space.XS / 2, step / 6)
            left = segment.box.left() + number * step + inset
            right = left + step - 2 * inset
            top = segment.box.top() - 2.0
            arc = QPainterPath(QPointF(left, top))
            arc.cubicTo(
                QPointF(left, top - height * 1.2), QPointF(right, top - height * 1.2), QPointF(right, top)
            )
            painter.drawPath(arc)

    def _paint_words(self, painter: QPainter, segment: _Segment) -> None:
        box = segment.box
        name = QRect(box.left(), box.bottom() + Space.XS, box.width(), Size.ICON_SMALL)
        count = name.translated(0, Size.ICON_SMALL)
        middle = Qt.AlignmentFlag.AlignHCenter
        painter.setFont(font(Type.CAPTION, bold=segment.node.path == self._current))
        painter.setPen(self._theme.color("text"))
        draw_text(painter, name, segment.node.name, middle)
        painter.setFont(font(Type.CAPTION))
        painter.setPen(self._theme.color("quiet"))
        draw_text(painter, count, brief_count(segment.node.parameters), middle)

    def _at(self, point: QPointF) -> str:
        for segment in self.segments():
            if segment.box.left() <= point.x() <= segment.box.right():
                return segment.node.path
        return ""

    @Slot()
    def _renew(self) -> None:
        self._describe()
        self.update()

    def _describe(self) -> None:
        tree = self._model.tree
        node = tree.nodes.get(self._current) if tree else None
        self.setAccessibleDescription(self.hint(node).replace("\n", ", ") if node else "")


def brief_count(number: int) -> str:
    """A number of parameters in at most five signs: 9.5 k, 11.7 M; a dash for none."""
    if not number:
        return "–"
    for limit, sign in ((1_000_000, " M"), (1_000, " k")):
        if number >= limit:
            value = number / limit
            return f"{value:.1f}{sign}" if value < 100 else f"{value:.0f}{sign}"
    return str(number)


def _shares(weights: list[float], least: list[int], room: float) -> list[float]:
    """Divide ``room`` by weight, with no share below its least; without enough room, by the least."""
    if sum(least) >= room:
        scale = room / sum(least)
        return [one * scale for one in least]
    fixed: set[int] = set()
    while True:
        free = room - sum(least[n] for n in fixed)
        total = sum(weight for n, weight in enumerate(weights) if n not in fixed) or 1.0
        widths = [least[n] if n in fixed else free * weight / total for n, weight in enumerate(weights)]
        short = {n for n, width in enumerate(widths) if n not in fixed and width < least[n]}
        if not short:
            return [float(width) for width in widths]
        fixed |= short
