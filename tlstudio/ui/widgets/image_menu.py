"""What can be done with the images that are selected: corrected, as far as they are wrong, and looked at."""

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from tlstudio.config import Corrections
from tlstudio.data.catalogue import SPLITS, Catalogue, ImageRecord, Split
from tlstudio.ui import text
from tlstudio.ui.widgets.split_editor import NAMES


class ImageMenu(QMenu):
    """Puts images into another class or split, or leaves them out; their files stay as they are.

    Attributes:
        class_menu, split_menu: those of its parts.
        leave_out_action: the third one.
        enlarge_action, seen_action: what looks at the current image is for others to do.

    Signals:
        corrected: the Corrections that the person chose.
    """

    corrected = Signal(object)

    def __init__(self, catalogue: Catalogue, images: Sequence[ImageRecord], parent: QWidget) -> None:
        super().__init__(parent)
        self._paths = tuple(image.path for image in images)
        labels, splits = {image.label for image in images}, {image.split for image in images}
        many = text.amount(len(images), "image")
        self.class_menu = self.addMenu(f"Put {many} into another class")
        for label, name in enumerate(catalogue.classes):
            self._offer(self.class_menu, name, name).setEnabled(labels != {label})
        self.split_menu = self.addMenu(f"Move {many} to")
        for split in SPLITS:
            self._offer(self.split_menu, NAMES[split], split).setEnabled(splits != {split})
        self.leave_out_action = self.addAction(f"Leave {many} out\tDel")
        self.addSeparator()
        self.enlarge_action = self.addAction("Enlarge\tReturn")
        self.seen_action = self.addAction("What the network sees")
        self.class_menu.triggered.connect(self._relabel)
        self.split_menu.triggered.connect(self._move)
        self.leave_out_action.triggered.connect(self.remove)

    @Slot()
    def remove(self) -> None:
        """Go on without these images."""
        self.corrected.emit(Corrections(without=self._paths))

    def _offer(self, menu: QMenu, words: str, value: str) -> QAction:
        action = menu.addAction(words.replace("&", "&&"))
        action.setData(value)
        return action

    @Slot(QAction)
    def _relabel(self, action: QAction) -> None:
        name: str = action.data()
        self.corrected.emit(Corrections(labels=dict.fromkeys(self._paths, name)))

    @Slot(QAction)
    def _move(self, action: QAction) -> None:
        split: Split = action.data()
        self.corrected.emit(Corrections(splits=dict.fromkeys(self._paths, split)))


class LeftOutMenu(QMenu):
    """Takes images in again that were left out.

    Attributes:
        take_in_action: does so.
        enlarge_action: looking at the current image is for others to do.

    Signals:
        taken_in: the paths of the images.
    """

    taken_in = Signal(object)

    def __init__(self, images: Sequence[ImageRecord], parent: QWidget) -> None:
        super().__init__(parent)
        self._paths = tuple(image.path for image in images)
        self.take_in_action = self.addAction(f"Take {text.amount(len(images), 'image')} in again\tDel")
        self.addSeparator()
        self.enlarge_action = self.addAction("Enlarge\tReturn")
        self.take_in_action.triggered.connect(self.remove)

    @Slot()
    def remove(self) -> None:
        """Go on with these images."""
        self.taken_in.emit(self._paths)
