"""What the next run will be: data, model and strategy in a few words."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from tlstudio.config import Strategy
from tlstudio.errors import StudioError
from tlstudio.models.architectures import architecture
from tlstudio.ui import text
from tlstudio.ui.engine import SAMPLE
from tlstudio.ui.session import Session
from tlstudio.ui.theme import Space, with_role
from tlstudio.ui.widgets.strategy_panel import title as strategy_title

_WEIGHTS = {"default": "pre-trained", "bundled": "bundled weights", "none": "random weights"}


class RunSummary(QWidget):
    """Five facts, by name in ``facts``."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = {key: QLabel("–") for key in ("Data", "Model", "Strategy", "Trained", "Time")}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.M)
        grid.setVerticalSpacing(Space.S)
        grid.setColumnStretch(1, 1)
        for row, (key, label) in enumerate(self.facts.items()):
            label.setWordWrap(True)
            grid.addWidget(with_role(QLabel(key), "quiet"), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label, row, 1)

    def show_session(self, session: Session) -> None:
        self.facts["Data"].setText(_data(session))
        self.facts["Model"].setText(f"{_title(session.arch)} · {_weights(session.weights)}")
        more = ""
        if session.edited_stages:
            more = f" · {text.amount(len(session.edited_stages), 'stage')}"
        elif session.strategy in (Strategy.PARTIAL, Strategy.STAGED):
            more = f" · last {text.amount(session.blocks, 'block')}"
        self.facts["Strategy"].setText(strategy_title(session.strategy) + more)

    def show_trained(self, trained: int, whole: int) -> None:
        """How many parameters the stage under way trains."""
        self.facts["Trained"].setText(f"{trained:,} of {whole:,} parameters")

    def show_time(self, seconds: float | None) -> None:
        """How long the next run would take; None as long as that is not known."""
        self.facts["Time"].setText("–" if seconds is None else f"about {text.seconds(seconds)} in all")

    def forget_trained(self) -> None:
        self.facts["Trained"].setText("–")


def _data(session: Session) -> str:
    catalogue = session.catalogue
    if catalogue is None:
        return "None yet"
    count = text.amount(catalogue.sizes["train"], "training image")
    classes = text.amount(len(catalogue.classes), "class", "classes")
    name = "Sample images" if session.data.root == SAMPLE else Path(session.data.root).name
    fold = f" · fold {session.data.fold + 1} of {session.data.folds}" if session.data.folds else ""
    return f"{name} · {classes} · {count}{fold}"


def _title(arch: str) -> str:
    try:
        return architecture(arch).title
    except StudioError:
        return arch


def _weights(weights: str) -> str:
    if weights in _WEIGHTS:
        return _WEIGHTS[weights]
    return Path(weights).name if "/" in weights or "\\" in weights else weights
