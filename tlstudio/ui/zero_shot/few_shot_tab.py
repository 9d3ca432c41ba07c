"""The Few labels tab: from how many labels a class training is better than zero-shot."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from tlstudio.config import DataConfig
from tlstudio.events import Event
from tlstudio.ui import answer_engine
from tlstudio.ui.session import Session
from tlstudio.ui.text import amount, seconds
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, card, number_box
from tlstudio.ui.widgets.label_curve import LabelCurve
from tlstudio.ui.worker import EngineCall, Worker
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.ui.zero_shot.labelled_tab import LabelledTab, bound
from tlstudio.zeroshot.few_shot_events import (
    SEEDS,
    SHOTS,
    FewShotPoint,
    FewShotRequest,
    FewShotsBegun,
    FewShotsFinished,
    TrainedPoint,
)

_HINT = (
    "Tip-Adapter and a linear probe learn from 1, 2, 4, 8 and 16 images a class, and are tested on the same "
    "images as your trained runs. So the curve shows where labels begin to pay."
)
_MOST = (4, 8, 16, 32, 64)


class FewShotTab(LabelledTab):
    """The curve of labels against accuracy, as it grows, and a sentence that reads it."""

    def __init__(self, desk: ZeroShotDesk, session: Session, worker: Worker, theme: Theme) -> None:
        super().__init__(
            desk, session, worker, theme, title="Learning from few labels", verb="Compare", hint=_HINT
        )
        self.points: list[FewShotPoint] = []
        self.runs: list[TrainedPoint] = []
        self._begun: FewShotsBegun | None = None
        self.most = QuietComboBox()
        self.most.setMinimumContentsLength(14)
        self.most.setAccessibleName("Up to how many images a class")
        for count in _MOST:
            self.most.addItem(f"Up to {count} a class", count)
        self.most.setCurrentIndex(_MOST.index(SHOTS[-1]))
        self.seeds = number_box(1, 20, suffix=" draws")
        self.seeds.setAccessibleName("How often the images are drawn anew")
        self.seeds.setValue(SEEDS)
        for each in (self.most, self.seeds):
            self.options.addWidget(each)
        self.curve = LabelCurve(theme)
        self.add_content()
        self.most.currentIndexChanged.connect(self.refresh)
        self.seeds.valueChanged.connect(self.refresh)
        self.curve.pointed.connect(self._point)

    def call(self, data: DataConfig) -> EngineCall:
        request = FewShotRequest(data, self.desk.question, self.desk.clip, self._shots(), self.seeds.value())
        return bound(answer_engine.few_shots, request)

    def asked(self) -> object:
        return super().asked(), self.most.currentData(), self.seeds.value()

    def has_results(self) -> bool:
        return self._begun is not None

    def clear(self) -> None:
        self._begun = None
        self.points, self.runs = [], []
        self.curve.clear()
        for label in (self._reading, self._caution, self._facts):
            label.clear()

    def take(self, event: Event) -> None:
        match event:
            case FewShotsBegun():
                self._begun = event
                self._show_facts(event)
            case FewShotPoint():
                self.points.append(event)
                self.curve.show_points(self.points, self.runs)
            case TrainedPoint():
                self.runs.append(event)
                self.curve.show_points(self.points, self.runs)
            case FewShotsFinished():
                self._read(event)

    def content(self) -> QWidget:
        self._reading = with_role(QLabel(), "section")
        self._caution = with_role(QLabel(), "alert")
        self._facts = with_role(QLabel(), "quiet")
        self._pointed = with_role(QLabel(" "), "quiet")
        frame = card()
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(Space.M, Space.M, Space.M, Space.S)
        inside.addWidget(self.curve, 1)
        inside.addWidget(self._pointed)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        for label in (self._reading, self._caution):
            column.addWidget(label)
        column.addWidget(frame, 1)
        column.addWidget(self._facts)
        for label in (self._reading, self._caution, self._facts, self._pointed):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setMinimumWidth(Size.FIELD)
        self._caution.hide()
        return full

    @property
    def reading(self) -> tuple[str, str]:
        """What the curve says, and a caution or ""."""
        return self._reading.text(), self._caution.text()

    def _shots(self) -> tuple[int, ...]:
        return tuple(1 << power for power in range(self.most.currentData().bit_length()))

    def _show_facts(self, begun: FewShotsBegun) -> None:
        self._reading.setText("The curve grows from left to right.")
        test, val = amount(begun.test, "test image"), amount(begun.val, "validation image")
        self._facts.setText(
            f"Each head is tested once, on {test}; C, alpha and beta were chosen before on {val}, whose "
            "labels come on top of those counted here."
        )

    def _read(self, finished: FewShotsFinished) -> None:
        self._reading.setText(finished.reading)
        self._caution.setText(finished.caution)
        self._caution.setVisible(bool(finished.caution))
        runs = amount(len(self.runs), "trained run") if self.runs else "No trained run"
        took = seconds(finished.seconds)
        self._facts.setText(f"{self._facts.text()} {runs} of this division in the picture. It took {took}.")

    @Slot(str)
    def _point(self, words: str) -> None:
        self._pointed.setText(words or " ")
