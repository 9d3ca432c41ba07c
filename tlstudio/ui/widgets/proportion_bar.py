"""How much of a network is trained, in a sentence and as a thin bar."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from tlstudio.ui.item_models.layer_tree import LayerState
from tlstudio.ui.theme import Size, Space, Theme, number_font, with_role
from tlstudio.ui.widgets.paint import STATE_ICON, STATE_TOKEN, draw_icon


class ProportionBar(QWidget):
    """Frozen, fine-tuned and new parameters as lengths of one bar; a part that is there is always seen."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._parts: dict[LayerState, int] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_parts(self, parts: dict[LayerState, int]) -> None:
        self._parts = parts
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(Size.THUMBNAIL, Size.BAR)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        present = {state: count for state, count in self._parts.items() if count}
        total = sum(present.values())
        if not present:
            painter.setBrush(self._theme.color("faint"))
            painter.drawRoundedRect(self.rect(), Size.FOCUS, Size.FOCUS)
        left, least = 0.0, float(Size.BAR)
        room = self.width() - Size.FOCUS * max(0, len(present) - 1)
        free = room - least * len(present)
        for state, count in present.items():
            width = least + free * count / total
            painter.setBrush(self._theme.color(STATE_TOKEN[state]))
            painter.drawRoundedRect(QRectF(left, 0, width, self.height()), Size.FOCUS, Size.FOCUS)
            left += width + Size.FOCUS


class _Key(QWidget):
    """The icon of a state in its colour."""

    def __init__(self, state: LayerState, theme: Theme) -> None:
        super().__init__()
        self._state, self._theme = state, theme
        self.setFixedSize(Size.ICON_SMALL, Size.ICON_SMALL)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        color = self._theme.color(STATE_TOKEN[self._state])
        draw_icon(QPainter(self), STATE_ICON[self._state], color, self.rect())


class SummaryBar(QWidget):
    """The sentence, the bar, and what the colours mean."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = with_role(QLabel(), "lead")
        self._words.setFont(number_font())
        policy = self._words.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._words.setSizePolicy(policy)
        self._bar = ProportionBar(theme)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.L)
        layout.addWidget(self._words)
        layout.addWidget(self._bar, 1)
        for state in (LayerState.FROZEN, LayerState.TUNED, LayerState.NEW):
            key = QHBoxLayout()
            key.setSpacing(Space.XS)
            key.addWidget(_Key(state, theme))
            key.addWidget(with_role(QLabel(state.value), "quiet"))
            layout.addLayout(key)

    @property
    def text(self) -> str:
        return self._words.text()

    def show_parts(self, parts: dict[LayerState, int]) -> None:
        """``parts`` are the parameters by state; none before the layers are known."""
        total = sum(parts.values())
        self._words.setVisible(bool(total))
        trained = total - parts.get(LayerState.FROZEN, 0)
        self._words.setText(f"Trainable {trained:,} of {total:,} ({share_text(trained, total)})")
        self._bar.set_parts(parts)
        self._bar.setToolTip(
            "\n".join(f"{state.value}: {count:,} parameters" for state, count in parts.items() if count)
        )


def share_text(part: int, whole: int) -> str:
    """A share as a percentage that is 0 or 100 only where it is exactly so."""
    if part in (0, whole):
        return "0 %" if not part else "100 %"
    share = 100 * part / whole
    if share < 1:
        return f"{max(share, 0.01):.2f} %"
    return f"{min(share, 99.9):.1f} %"
