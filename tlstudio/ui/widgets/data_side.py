"""The left of the Data page: classes, and below them one of split, health and what was set aside."""

from collections.abc import Iterator, Mapping

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from tlstudio.data.catalogue import SPLITS
from tlstudio.ui import text
from tlstudio.ui.open_folder import OpenFolder
from tlstudio.ui.theme import Size, Space, Theme, restyle
from tlstudio.ui.widgets.basics import rule, scrolled
from tlstudio.ui.widgets.class_pane import ClassPane
from tlstudio.ui.widgets.fold import Fold
from tlstudio.ui.widgets.health_panel import KINDS, HealthPanel
from tlstudio.ui.widgets.set_aside_list import SetAsideList
from tlstudio.ui.widgets.split_editor import SplitEditor


class Said(Mapping[str, str]):
    """The same of each of these images, by path: a dictionary of a hundred thousand takes long to make."""

    def __init__(self, words: str, paths: frozenset[str]) -> None:
        self._words, self._paths = words, paths

    def __getitem__(self, path: str) -> str:
        if path in self._paths:
            return self._words
        raise KeyError(path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


class DataSide(QFrame):
    """Shows the folder that is open, and lets it be corrected; dividing it is left to the page.

    Signals:
        problems_found: images by path with what is said of them, by the title of each problem.
    """

    problems_found = Signal(object)

    def __init__(self, folder: OpenFolder, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._folder = folder
        self.class_pane = ClassPane(folder, theme)
        self.split_editor = SplitEditor(theme)
        self.health = HealthPanel(theme)
        self.set_aside = SetAsideList(theme)
        self.split_fold = Fold("Split", self.split_editor, theme, open_at_first=True)
        self.health_fold = Fold(self.health.title, self.health, theme)
        self.set_aside_fold = Fold("Set aside", self.set_aside, theme)
        self._folds = (self.split_fold, self.health_fold, self.set_aside_fold)
        self._lay_out()
        for fold in self._folds:
            fold.toggled.connect(self._fold_others)
        self.health.mended.connect(folder.mend)
        folder.opened.connect(self._open)
        folder.divided_anew.connect(self._show_division)
        folder.examined.connect(self._show_health)

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self.class_pane, 1)
        layout.addWidget(rule())
        for fold in self._folds:
            layout.addWidget(fold)
        self.set_aside.setFixedHeight(3 * Size.ROW_TWO_LINES)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(Space.M, Space.M, Space.S, Space.M)
        outer.addWidget(scrolled(content))  # in a low window
        self.setMinimumWidth(Size.SIDE - Space.L)

    @Slot()
    def _open(self) -> None:
        self.split_editor.set_values(self._folder.data)
        self._show_division()
        self._show_health()

    @Slot()
    def _show_division(self) -> None:
        folder, divided = self._folder, self._folder.divided
        if divided is None:
            return
        sums = (sum(splits) for splits in zip(*folder.counts, strict=True))
        self.split_editor.show_division(dict(zip(SPLITS, sums, strict=True)), folder.given)
        files = divided.set_aside
        self.set_aside.show_files(files)
        self.set_aside_fold.set_title(f"{text.amount(len(files), 'file')} set aside")
        self.set_aside_fold.setVisible(bool(files))

    @Slot()
    def _show_health(self) -> None:
        """What makes the result untrue is opened, once a folder."""
        report, before = self._folder.health, self.health.report
        self.health.show_report(report)
        self.health_fold.set_title(self.health.title)
        loud = report is not None and any(finding.severity == "loud" for finding in report.findings)
        if self.health_fold.button.property("alert") != loud:
            self.health_fold.button.setProperty("alert", loud)
            restyle(self.health_fold.button)
        if report is None:
            return
        if loud and before is None:
            self.health_fold.button.setChecked(True)
        titles = ((KINDS[kind][0], paths) for kind, paths in self._folder.affected.items())
        self.problems_found.emit({title: Said(title, paths) for title, paths in titles})

    @Slot(bool)
    def _fold_others(self, opened: bool) -> None:
        """One part at a time has room under the classes."""
        if opened:
            for fold in self._folds:
                if fold is not self.sender():
                    fold.button.setChecked(False)
