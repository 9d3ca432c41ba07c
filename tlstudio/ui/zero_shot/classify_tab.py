"""The Classify tab: every image with what CLIP makes of it."""

from tlstudio.ui.session import Session
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.result_pane import ResultPane
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.desk import ZeroShotDesk

_WHAT = (
    "Zero-shot: name any classes in plain words, and each image goes to the class whose sentence fits "
    "it best. Nothing is trained."
)


class ClassifyTab(ResultPane):
    """Results, what narrows them down, and the selected image large."""

    def __init__(self, desk: ZeroShotDesk, _session: Session, worker: Worker, theme: Theme) -> None:
        super().__init__(desk, worker, theme, "zero-shot", _WHAT)
