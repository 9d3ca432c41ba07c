"""What CLIP is asked: the classes, the sentences they are put into, the model; one line once it is asked."""

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.ui.settings import Settings
from tlstudio.ui.text import amount
from tlstudio.ui.theme import Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.clip_picker import ClipPicker
from tlstudio.ui.widgets.fold import Fold
from tlstudio.ui.zero_shot.class_field import ClassField
from tlstudio.ui.zero_shot.options import Options
from tlstudio.ui.zero_shot.prompt_field import PromptField
from tlstudio.zeroshot.events import Clip, Question

_PAGE = "zero-shot"
_NAMED = 4  # classes in the one line


class QuestionForm(QFrame):
    """The question and the model; folded, they are one line.

    Signals:
        changed: ``question`` or ``clip`` may be another.
        dataset_classes_asked: take the classes of the folder that is open on the Data page.
        preset_asked: as in PromptField.
    """

    changed = Signal()
    dataset_classes_asked = Signal()
    preset_asked = Signal(str)

    def __init__(self, theme: Theme, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._theme, self._settings = theme, settings
        self.classes = ClassField(theme, settings)
        self.prompt = PromptField()
        self.picker = ClipPicker()
        self.options = Options()
        self.fold = Fold("Options", self.options, theme)
        self.edit_button = button(theme, "Edit", "chevron-down", "quiet")
        self.fold_button = button(theme, "Fold", "chevron-up", "quiet")
        self.fold_button.setToolTip("Show the question as one line, and more of the images")
        self._line = QLabel()
        self._line.setTextFormat(Qt.TextFormat.PlainText)
        self._line.setMinimumWidth(1)
        self._lay_out()
        self._restore()
        self.classes.changed.connect(self._change)
        self.classes.dataset_classes_asked.connect(self.dataset_classes_asked)
        self.prompt.changed.connect(self._change)
        self.prompt.preset_asked.connect(self.preset_asked)
        self.picker.changed.connect(self._change)
        self.options.changed.connect(self._change)
        self.options.ranks_changed.connect(self._remember)
        self.edit_button.clicked.connect(self.unfold)
        self.fold_button.clicked.connect(self.fold_up)
        self._show()

    @property
    def question(self) -> Question:
        return Question(
            classes=self.classes.names(),
            templates=self.prompt.templates,
            others=self.options.other_words,
            independent=self.options.independent.isChecked(),
            threshold=self.options.threshold,
        )

    @property
    def clip(self) -> Clip:
        return Clip(self.picker.model, self.picker.pretrained)

    @property
    def folded(self) -> bool:
        return self._body.isHidden()

    @property
    def line(self) -> str:
        """The question in one line."""
        return self._line.text()

    @Slot()
    def fold_up(self) -> None:
        """Show one line only."""
        self._set_folded(True)

    @Slot()
    def unfold(self) -> None:
        """Show all that can be entered."""
        self._set_folded(False)

    def _set_folded(self, folded: bool) -> None:
        had_focus = self.isAncestorOf(self.focusWidget()) if self.focusWidget() else False
        self._body.setVisible(not folded)
        self._head.setVisible(folded)
        if had_focus:
            (self.edit_button if folded else self.fold_button).setFocus()

    # Own

    def _lay_out(self) -> None:
        self._head = QWidget()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._line, 1)
        head.addWidget(self.edit_button)
        self._body = QWidget()
        lower = QHBoxLayout()
        lower.setSpacing(Space.XL)
        lower.addWidget(self.prompt, 3)
        model = QVBoxLayout()
        model.setSpacing(Space.XS)
        label = with_role(QLabel("Model"), "lead")
        label.setBuddy(self.picker)
        label.setMinimumHeight(self.prompt.presets.sizeHint().height())
        model.addWidget(label)
        model.addWidget(self.picker)
        model.addStretch(1)
        lower.addLayout(model, 2)
        self.classes.heading.addWidget(self.fold_button)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(Space.S)
        body.addWidget(self.classes)
        body.addLayout(lower)
        body.addWidget(self.fold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.S, Space.M, Space.S)
        layout.addWidget(self._head)
        layout.addWidget(self._body)
        self._head.hide()
        # Where the page is low, the images give way.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def _restore(self) -> None:
        values = self._settings.page_values(_PAGE)
        classes, templates = values.get("classes"), values.get("templates")
        model, pretrained, options = values.get("model"), values.get("pretrained"), values.get("options")
        if isinstance(classes, list):
            self.classes.set_names(str(name) for name in classes)
        if isinstance(templates, list) and templates:
            self.prompt.set_templates(tuple(str(one) for one in templates))
        if isinstance(model, str) and isinstance(pretrained, str):
            self.picker.set_choice(model, pretrained)
        if isinstance(options, dict):
            self.options.set_values(options)

    @Slot()
    def _remember(self) -> None:
        values: dict[str, Any] = {
            **self._settings.page_values(_PAGE),
            "classes": list(self.classes.names()),
            "templates": list(self.prompt.templates),
            "model": self.picker.model,
            "pretrained": self.picker.pretrained,
            "options": self.options.values(),
        }
        self._settings.set_page_values(_PAGE, values)

    @Slot()
    def _change(self) -> None:
        self._show()
        self._remember()
        self.changed.emit()

    def _show(self) -> None:
        names, templates = self.classes.names(), self.prompt.templates
        self.prompt.show_class(names[0] if names else "")
        special = self.options.summary()
        self.fold.set_title(f"Options: {special}" if special else "Options")
        some = ", ".join(name.partition(" | ")[0] for name in names[:_NAMED])
        some += ", …" if len(names) > _NAMED else ""
        sentences = f"“{templates[0]}”" if len(templates) == 1 else f"{len(templates)} prompts"
        parts = (amount(len(names), "class", "classes") + (f": {some}" if some else ""), sentences)
        self._line.setText(" · ".join(filter(None, (*parts, self.picker.combo.currentText(), special))))
