"""What about the images would spoil a training, the worst first, each with its images and what mends it."""

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from tlstudio.data.health import Finding, HealthReport, Kind, Mend, Severity
from tlstudio.ui import text
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button, scrolled
from tlstudio.ui.widgets.flow_layout import FlowLayout
from tlstudio.ui.widgets.paint import draw_icon

# What a kind is called among the filters, and what its images are called after their number.
KINDS: dict[Kind, tuple[str, str]] = {
    "leak": ("In several splits", "that lie in several splits"),
    "conflict": ("In several classes", "that lie in several classes"),
    "copies": ("Copies", "that are there several times"),
    "alike": ("Look-alikes", "that look like others"),
    "imbalance": ("Small classes", "of small classes"),
    "few": ("Too few images", "of classes with too few"),
    "flat": ("One colour", "of a single colour"),
    "dark": ("Dark", "that are nearly black"),
    "bright": ("Bright", "that are nearly white"),
    "blurred": ("Blurred", "that are blurred"),
    "tiny": ("Tiny", "that are tiny"),
    "shape": ("Long shapes", "that are very long"),
}
_SIGNS: dict[Severity, tuple[str, str, str]] = {  # icon, token, word
    "loud": ("warning", "warning", "Leak"),
    "warning": ("warning", "quiet", "Warning"),
    "hint": ("info", "quiet", "Note"),
}
_MOST = 264  # pixels high; more findings scroll
_CALM = "Nothing stands out: no copies, no odd images, classes of similar size."


class HealthPanel(QWidget):
    """A part for each finding, or a calm sentence.

    Attributes:
        rows: the parts, by the findings' order.

    Signals:
        shown: the images of a finding should be seen: their paths, and which they are in words.
        mended: corrections that mend a finding, to be added to those made so far.
    """

    shown = Signal(object, str)
    mended = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.rows: list[FindingRow] = []
        self.report: HealthReport | None = None
        self.calm = with_role(QLabel(), "quiet")
        self.calm.setWordWrap(True)
        content = QWidget()
        self._list = QVBoxLayout(content)
        self._list.setContentsMargins(0, 0, Space.XS, 0)
        self._list.setSpacing(Space.S)
        self._pane: QScrollArea = scrolled(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.calm)
        layout.addWidget(self._pane)
        self.show_report(None)

    @property
    def title(self) -> str:
        """The report in a few words."""
        if self.report is None:
            return "Health"
        counts = dict.fromkeys(_SIGNS, 0)
        for finding in self.report.findings:
            counts[finding.severity] += 1
        leaks = len(self.report.leaks)
        words = [
            text.amount(count, one)
            for count, one in ((leaks, "leak"), (counts["warning"], "warning"), (counts["hint"], "note"))
            if count
        ]
        return f"Health · {', '.join(words) or 'nothing stands out'}"

    def show_report(self, report: HealthReport | None) -> None:
        """Show what was found; None as long as the images are not checked."""
        if report is not None and report == self.report:
            return
        self.report = report
        while self.rows:
            row = self.rows.pop()
            row.hide()
            row.setParent(None)
            row.deleteLater()
        for finding in report.findings if report else ():
            row = FindingRow(finding, self._theme)
            row.shown.connect(self.shown)
            row.mended.connect(self.mended)
            self._list.insertWidget(len(self.rows), row)
            self.rows.append(row)
        self.calm.setText(_CALM if report else "Known once all images are checked.")
        self.calm.setVisible(not self.rows)
        self._pane.setVisible(bool(self.rows))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as the findings need beside a scroll bar, which could otherwise come and go for ever."""
        needed = self._list.heightForWidth(max(1, self.width() - Space.L))
        self._pane.setFixedHeight(max(1, min(needed, _MOST)))


class FindingRow(QFrame):
    """A finding: sign and word, sentence, and what can be done.

    Signals:
        shown, mended: as those of the panel.
    """

    shown = Signal(object, str)
    mended = Signal(object)

    def __init__(self, finding: Finding, theme: Theme) -> None:
        super().__init__()
        self.finding = finding
        icon, token, word = _SIGNS[finding.severity]
        loud = finding.severity == "loud"
        self.setProperty("role", "loud" if loud else "well")
        head = QHBoxLayout()
        head.setSpacing(Space.XS)
        head.addWidget(_Sign(icon, token, theme))
        head.addWidget(with_role(QLabel(word), "alert" if loud else "quiet"), 1)
        sentence = QLabel(finding.sentence)
        sentence.setWordWrap(True)
        self.show_button = button(theme, f"Show {text.amount(len(finding.paths), 'image')}", kind="tight")
        self.show_button.clicked.connect(self._show)
        self.mend_buttons = [
            self._mend_button(mend, place, theme) for place, mend in enumerate(finding.mends)
        ]
        actions = QWidget()
        flow = FlowLayout(actions, spacing=Space.XS)
        for one in (self.show_button, *self.mend_buttons):
            flow.addWidget(one)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        layout.setSpacing(Space.XS)
        layout.addLayout(head)
        layout.addWidget(sentence)
        layout.addWidget(actions)

    def _mend_button(self, mend: Mend, place: int, theme: Theme) -> QPushButton:
        made = button(theme, mend.text, kind="tight")
        made.setProperty("place", place)
        made.setToolTip("A correction: the files stay as they are, and it can be undone")
        made.clicked.connect(self._mend)
        return made

    @Slot()
    def _mend(self) -> None:
        self.mended.emit(self.finding.mends[self.sender().property("place")].corrections)

    @Slot()
    def _show(self) -> None:
        self.shown.emit(self.finding.paths, KINDS[self.finding.kind][1])


class _Sign(QWidget):
    """An icon in the colour of a token."""

    def __init__(self, icon: str, token: str, theme: Theme) -> None:
        super().__init__()
        self._icon, self._token, self._theme = icon, token, theme
        self.setFixedSize(QSize(Size.ICON_SMALL, Size.ICON_SMALL))
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), self._icon, self._theme.color(self._token), self.rect())
