"""The Measure tab: how good zero-shot is on a labelled folder, and which prompts are to thank for it."""

import functools
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import DataConfig
from tlstudio.events import Event
from tlstudio.ui import answer_engine
from tlstudio.ui.item_models.answered import AnsweredModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.session import Session
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.text import amount, percent
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.answered_grid import AnsweredGrid
from tlstudio.ui.widgets.basics import QuietComboBox, button, card
from tlstudio.ui.widgets.confusion_matrix import ConfusionMatrix
from tlstudio.ui.widgets.figure_table import Cell, FigureTable, GainBars
from tlstudio.ui.widgets.headline import Headline
from tlstudio.ui.widgets.reliability_chart import ReliabilityChart
from tlstudio.ui.worker import EngineCall, Worker
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.ui.zero_shot.labelled_tab import LabelledTab, bound
from tlstudio.zeroshot.measure_events import (
    ClassesMatched,
    Measured,
    MeasureRequest,
    Part,
    TemplateScore,
    TemplatesMeasured,
)
from tlstudio.zeroshot.measure_tables import What

_HINT = (
    "Every image is asked about and the answers are compared with the names of their folders. "
    "Without class names above, the folder's own are asked for."
)
_PARTS: tuple[tuple[Part, str], ...] = (
    ("all", "All images"),
    ("test", "Test images"),
    ("val", "Validation images"),
    ("train", "Training images"),
)
_TABLES: tuple[tuple[What, str], ...] = (
    ("images", "Images and answers…"),
    ("classes", "Classes…"),
    ("confusion", "Confusion matrix…"),
    ("templates", "Templates…"),
)
_WIDE = 0.1  # an interval of so many hundredths leaves little to tell apart


class MeasureTab(LabelledTab):
    """Headline figures, the confusion matrix, and beside it what it is made of."""

    def __init__(self, desk: ZeroShotDesk, session: Session, worker: Worker, theme: Theme) -> None:
        super().__init__(
            desk, session, worker, theme, title="Measuring zero-shot", verb="Measure", hint=_HINT
        )
        self.measured: Measured | None = None
        self.templates: TemplatesMeasured | None = None
        self._matched: ClassesMatched | None = None
        self.part = QuietComboBox()
        self.part.setAccessibleName("Which images")
        for value, words in _PARTS:
            self.part.addItem(words, value)
        self.options.addWidget(self.part)
        self.store = PictureStore(worker, self)
        self.images = AnsweredModel(self.store, 2 * Size.THUMBNAIL, self)
        self.grid = AnsweredGrid(self.images, self.store, theme)
        self.matrix = ConfusionMatrix(theme)
        self.reliability = ReliabilityChart(theme)
        self.classes = FigureTable("Classes", ("Class", "Images", "Precision", "Recall", "F1"))
        self.confused = FigureTable("Confused classes", ("Class", "Taken for", "Images", "Share", "Alike"))
        self.template_table = FigureTable("Templates", ("Template", "Alone", "Without it", "Gain"))
        self.template_table.setItemDelegateForColumn(3, GainBars(theme, self.template_table))
        self.export_button = button(theme, "Export CSV", "download", "quiet")
        self.add_content()
        self.part.currentIndexChanged.connect(self.refresh)
        self.matrix.cell_chosen.connect(self.show_cell)
        self.confused.row_chosen.connect(self._show_pair)
        self.classes.row_chosen.connect(self._show_class)

    # As a tab of labelled images

    def call(self, data: DataConfig) -> EngineCall:
        request = MeasureRequest(data, self.desk.question, self.desk.clip, self.part.currentData())
        return bound(answer_engine.measure_zero_shot, request)

    def asked(self) -> object:
        return super().asked(), self.part.currentData()

    def has_results(self) -> bool:
        return self.measured is not None

    def clear(self) -> None:
        self.measured = self.templates = self._matched = None
        self.images.show(None)
        self.template_table.show_rows(())

    def take(self, event: Event) -> None:
        match event:
            case ClassesMatched():
                self._matched = event
            case Measured():
                self.measured = event
                self._show_measured(event)
            case TemplatesMeasured():
                self.templates = event
                self._show_templates(event)

    # Building

    def content(self) -> QWidget:
        top = QHBoxLayout()
        top.setSpacing(Space.M)
        self._headlines = {name: Headline() for name in ("top1", "top5", "f1", "ece")}
        for headline in self._headlines.values():
            top.addWidget(headline)
        top.addStretch(1)
        menu = QMenu(self.export_button)
        for what, words in _TABLES:
            menu.addAction(words).triggered.connect(functools.partial(self._ask_where, what))
        self.export_button.setProperty("menu", "true")
        self.export_button.setMenu(menu)
        top.addWidget(self.export_button, 0, Qt.AlignmentFlag.AlignTop)
        self._notes = with_role(QLabel(), "alert")
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        self._notes.setWordWrap(True)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._matrix_card())
        split.addWidget(self._details())
        split.setChildrenCollapsible(False)
        split.setStretchFactor(0, 4)
        split.setStretchFactor(1, 5)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(top)
        column.addWidget(self._notes)
        column.addWidget(split, 1)
        return full

    def _matrix_card(self) -> QWidget:
        area = QScrollArea()
        area.setWidget(self.matrix)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        frame = card()
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        layout.addWidget(area)
        return frame

    def _details(self) -> QWidget:
        self.views = QTabBar()
        self.views.setAccessibleName("What is shown beside the matrix")
        self.views.setExpanding(False)
        self.views.setDrawBase(False)
        self._shown = QStackedWidget()
        images = QWidget()
        column = QVBoxLayout(images)
        column.setContentsMargins(0, 0, 0, 0)
        self._images_words = with_role(QLabel(), "quiet")
        self._images_words.setTextFormat(Qt.TextFormat.PlainText)
        self._images_words.setWordWrap(True)
        column.addWidget(self._images_words)
        column.addWidget(self.grid, 1)
        pages = (
            ("Classes", self.classes),
            ("Confused", self.confused),
            ("Calibration", self.reliability),
            ("Templates", self.template_table),
            ("Images", images),
        )
        for words, page in pages:
            self.views.addTab(words)
            self._shown.addWidget(page)
        self.views.currentChanged.connect(self._shown.setCurrentIndex)
        frame = card()
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(Space.M, Space.S, Space.M, Space.M)
        layout.addWidget(self.views)
        layout.addWidget(self._shown, 1)
        return frame

    # What is shown

    @property
    def notes(self) -> str:
        """What should be known about the figures, or ""."""
        return self._notes.text()

    @property
    def headlines(self) -> dict[str, tuple[str, str]]:
        """By name the figure and what is said beneath it."""
        return {name: headline.words for name, headline in self._headlines.items()}

    def _show_measured(self, measured: Measured) -> None:
        metrics = measured.metrics
        self._headlines["top1"].show_estimate("Top-1", metrics.top1)
        self._headlines["top5"].show_estimate(f"Top-{metrics.top_k}", metrics.top5)
        self._headlines["f1"].show_estimate("Macro F1", metrics.macro_f1)
        self._headlines["ece"].show_words("Calibration error", percent(metrics.ece), "lower is better")
        self.matrix.show_counts(metrics.confusion, measured.classes)
        self.reliability.show_bins(metrics.bins, metrics.ece)
        scores = zip(measured.classes, metrics.classes, strict=True)
        self.classes.show_rows(
            (name, (one.support, f"{one.support:,}"), *map(_share, (one.precision, one.recall, one.f1)))
            for name, one in scores
        )
        self.confused.show_rows(
            (one.label, one.answer, (one.images, f"{one.images:,}"), _share(one.share), _two(one.alike))
            for one in measured.confused
        )
        self._notes.setText(" ".join(self._remarks(measured)))
        self._notes.setVisible(bool(self._notes.text()))
        self._show_images("Choose a cell of the matrix, and its images are listed here.", ())

    def _remarks(self, measured: Measured) -> list[str]:
        found: list[str] = []
        matched, top1 = self._matched, measured.metrics.top1
        if matched and matched.left_out:
            names = ", ".join(f"{name} ({count:,})" for name, count in list(matched.left_out.items())[:3])
            more = f" and {len(matched.left_out) - 3} more" if len(matched.left_out) > 3 else ""
            found.append(f"Left out, since no class above has its name: {names}{more}.")
        if matched and matched.unlabelled:
            names = ", ".join(matched.unlabelled[:3])
            more = f" and {len(matched.unlabelled) - 3} more" if len(matched.unlabelled) > 3 else ""
            found.append(f"Without images in the folder: {names}{more}.")
        if top1.high - top1.low > _WIDE:
            points = round((top1.high - top1.low) * 100)
            images = amount(measured.metrics.images, "image")
            found.append(
                f"Only {images}: the interval is {points} points wide, so small differences say nothing."
            )
        return found

    def _show_templates(self, measured: TemplatesMeasured) -> None:
        ordered = sorted(measured.templates, key=_worth, reverse=True)
        self.template_table.show_rows(
            (
                one.template,
                _share(one.alone.value),
                _share(one.without.value) if one.without else "–",
                (one.gain.value, _gain_words(one)) if one.gain else "–",
            )
            for one in ordered
        )

    # Images behind the figures

    @Slot(int, int)
    def show_cell(self, row: int, column: int) -> None:
        """List the images of a cell of the matrix, the most confident first."""
        measured = self.measured
        if measured is None:
            return
        answer = column if column < len(measured.classes) else -1
        rows = [
            place
            for place, pair in enumerate(zip(measured.labels, measured.answers, strict=True))
            if pair == (row, answer)
        ]
        self._show_images(self.matrix.told(row, column), rows)
        self.views.setCurrentIndex(self.views.count() - 1)

    @Slot(int)
    def _show_pair(self, row: int) -> None:
        assert self.measured is not None
        pair, names = self.measured.confused[row], self.measured.classes
        self.show_cell(names.index(pair.label), names.index(pair.answer))

    @Slot(int)
    def _show_class(self, row: int) -> None:
        """The mistakes about a class."""
        assert self.measured is not None
        measured = self.measured
        pairs = enumerate(zip(measured.labels, measured.answers, strict=True))
        rows = [place for place, (label, answer) in pairs if label == row != answer]
        words = f"{amount(len(rows), 'image')} of {measured.classes[row]} not recognised"
        self._show_images(words, rows)
        self.views.setCurrentIndex(self.views.count() - 1)

    def _show_images(self, words: str, rows: Sequence[int]) -> None:
        assert self.measured is not None
        sure = self.measured.confidences
        self._images_words.setText(words)
        self.images.show(self.measured, sorted(rows, key=lambda place: -sure[place]))

    # Export

    def _ask_where(self, what: What, _checked: bool = False) -> None:
        dialog = QFileDialog(self, "Export as CSV", f"zero-shot-{what}.csv", "CSV (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(functools.partial(self._save_to, what))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _save_to(self, what: What, file: str) -> None:
        self.export(what, Path(file))

    def export(self, what: What, path: Path) -> None:
        """Write one of the tables as CSV."""
        if self.measured is None:
            return
        call = functools.partial(answer_engine.save_measured, what, self.measured, self.templates, path)
        task = TaggedTask(what, "Exporting", call, self.worker, self, quiet=True)
        task.failed.connect(self._export_failed)

    @Slot(object, str, str)
    def _export_failed(self, _tag: object, message: str, hint: str) -> None:
        self.banner.show_error(message, hint)


def _share(value: float) -> Cell:
    return value, percent(value)


def _two(value: float) -> Cell:
    return value, f"{value:.2f}"


def _worth(one: TemplateScore) -> tuple[float, float]:
    return (one.gain.value if one.gain else 0.0), one.alone.value


def _gain_words(one: TemplateScore) -> str:
    assert one.gain is not None
    return f"{one.verdict} {one.gain.value * 100:+.1f}".strip()
