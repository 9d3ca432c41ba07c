"""The Search tab, through its widgets."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest

from tlstudio.errors import StudioError, UnreadableImage
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.inference.events import ImageSkipped
from tlstudio.ui import answer_engine
from tlstudio.ui.item_models.found import SIMILARITY
from tlstudio.ui.pages.zero_shot import ZeroShotPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.found_grid import FoundViewer
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.ui.zero_shot.search_tab import SearchTab
from tlstudio.zeroshot.events import Clip, ImagesEmbedded, Vectors, ZeroShotFinished
from tlstudio.zeroshot.search import Found, Query, nearest


class Scripted:
    """A model that sees in each image the number that its name begins with, and hears it in a sentence."""

    def __init__(self) -> None:
        self.embedded: list[tuple[Path, ...]] = []
        self.searched: list[Query] = []
        self.fails = ""
        self.held = False

    def embed(self, images: Sequence[Path], clip: Clip, control: Control) -> Iterator[Event]:
        self.embedded.append(tuple(images))
        while self.held:
            control.checkpoint()
        if self.fails:
            raise StudioError(self.fails, "Choose a file instead.")
        yield Progress("Classifying images", 0, len(images))
        for path in images:
            if "bad" in path.name:
                yield ImageSkipped(path, "truncated")
            else:
                yield ImagesEmbedded([path], _vector(int(path.name[0]))[None])
        yield ZeroShotFinished(len(images), 0, 0.1)

    def search(
        self, paths: Sequence[Path], vectors: Vectors, query: Query, clip: Clip, control: Control
    ) -> Iterator[Event]:
        self.searched.append(query)
        if isinstance(query, Path) and "bad" in query.name:
            raise UnreadableImage(str(query), "truncated")
        if query == "long":
            yield Notice("The sentence is longer than the model reads: its end is not searched for.")
        number = int(query.name[0]) if isinstance(query, Path) else len(query)
        rows, cosines = nearest(vectors, _vector(number))
        yield Found(query, [paths[row] for row in rows], cosines.tolist())


def _vector(number: int) -> np.ndarray:
    angle = number * number / 4
    return np.array([np.cos(angle), np.sin(angle)], np.float32)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    scripted = Scripted()
    monkeypatch.setattr(answer_engine, "embed_images", scripted.embed)
    monkeypatch.setattr(answer_engine, "search_embedded", scripted.search)
    return scripted


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    for number in range(4):
        Image.new("RGB", (8, 8), (60 * number, 0, 0)).save(tmp_path / f"{number}.png")
    return sorted(tmp_path.glob("*.png"))


@pytest.fixture
def desk(worker: Worker) -> ZeroShotDesk:
    return ZeroShotDesk(worker)


@pytest.fixture
def tab(desk: ZeroShotDesk, session: Session, worker: Worker, theme: Theme, scripted: Scripted, qtbot):
    tab = SearchTab(desk, session, worker, theme)
    qtbot.addWidget(tab)
    tab.resize(900, 600)
    tab.show()
    qtbot.waitExposed(tab)
    return tab


@pytest.fixture
def search(tab: SearchTab, qtbot) -> Callable[[str], None]:
    def write(words: str) -> None:
        tab.field.setText(words)
        QTest.keyClick(tab.field, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: tab._shown == words)

    return write


def _names(tab: SearchTab) -> list[str]:
    return [path.name for path in tab.found.paths]


def test_that_without_images_the_tab_asks_for_some(tab: SearchTab, qtbot) -> None:
    assert tab.empty_button.isVisible()
    assert not tab.field.isVisible()
    with qtbot.waitSignal(tab.images_wanted):
        tab.empty_button.click()


def test_that_images_without_a_query_are_not_read_yet(
    tab: SearchTab, desk: ZeroShotDesk, scripted: Scripted, images: list[Path]
) -> None:
    desk.add_images(images)
    assert tab.field.isVisible()
    assert not tab.grid.isVisible()
    assert tab.words == "4 images"
    assert not scripted.embedded


def test_that_writing_finds_the_nearest_images_and_reads_each_once(
    tab: SearchTab, desk: ZeroShotDesk, scripted: Scripted, images: list[Path], search, qtbot
) -> None:
    QAbstractItemModelTester(tab.found, QAbstractItemModelTester.FailureReportingMode.Fatal)
    desk.add_images(images)
    search("aa")
    assert _names(tab) == ["2.png", "1.png", "0.png", "3.png"]
    assert tab.found.index(0).data(SIMILARITY) == pytest.approx(1)
    assert tab.words == f"4 images, similarity 1.000 to {np.cos(1.25):.3f}"
    assert tab.grid.isVisible()
    tab.field.setText("a")  # live, after a moment, without Enter
    qtbot.waitUntil(lambda: tab._shown == "a")
    assert _names(tab)[0] == "1.png"
    assert len(scripted.embedded) == 1


def test_that_an_empty_field_shows_the_hint_again(
    tab: SearchTab, desk: ZeroShotDesk, images: list[Path], search, qtbot
) -> None:
    desk.add_images(images)
    search("aa")
    tab.field.clear()
    qtbot.waitUntil(lambda: not tab.grid.isVisible())
    assert not tab.found.paths


def test_that_more_like_the_selected_searches_by_that_image_and_a_sentence_comes_back(
    tab: SearchTab, desk: ZeroShotDesk, scripted: Scripted, images: list[Path], search, qtbot
) -> None:
    desk.add_images(images)
    search("aa")
    assert not tab.more_button.isVisible()
    tab.grid.setCurrentIndex(tab.found.index(3))
    tab.more_button.click()
    qtbot.waitUntil(lambda: tab._shown == images[3])
    assert _names(tab)[0] == "3.png"
    assert not tab.field.isVisible()
    assert scripted.searched[-1] == images[3]
    tab.clear_button.click()
    qtbot.waitUntil(lambda: tab._shown == "aa")
    assert tab.field.isVisible()


def test_that_a_dropped_image_is_searched_with(
    tab: SearchTab, desk: ZeroShotDesk, images: list[Path], tmp_path: Path, qtbot
) -> None:
    desk.add_images(images)
    elsewhere = tmp_path / "else" / "3 more.png"
    elsewhere.parent.mkdir()
    Image.new("RGB", (8, 8)).save(elsewhere)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(elsewhere))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    place = tab.rect().center()
    enter = QDragEnterEvent(place, Qt.DropAction.CopyAction, mime, buttons, keys)
    tab.dragEnterEvent(enter)
    assert enter.isAccepted()
    tab.dropEvent(QDropEvent(QPointF(place), Qt.DropAction.CopyAction, mime, buttons, keys))
    qtbot.waitUntil(lambda: tab._shown == elsewhere)
    assert _names(tab)[0] == "3.png"


def test_that_several_images_or_a_folder_are_not_taken_for_a_query(
    tab: SearchTab, desk: ZeroShotDesk, images: list[Path], tmp_path: Path
) -> None:
    assert not tab.take_images(images[:1])  # there is nothing to search yet
    desk.add_images(images)
    assert not tab.take_images(images[:2])
    assert not tab.take_images([tmp_path])


def test_that_what_cannot_be_read_is_said(
    tab: SearchTab, desk: ZeroShotDesk, images: list[Path], tmp_path: Path, qtbot
) -> None:
    desk.add_images(images)
    tab.search_like(tmp_path / "bad.png")
    qtbot.waitUntil(lambda: bool(tab.banner.message))
    assert "bad.png cannot be read: truncated" in tab.banner.message
    assert tab.banner.isVisible()


def test_that_a_model_that_cannot_be_had_is_said_and_the_next_search_tries_again(
    tab: SearchTab, desk: ZeroShotDesk, scripted: Scripted, images: list[Path], search, qtbot
) -> None:
    scripted.fails = "The weights are not on this machine."
    desk.add_images(images)
    tab.field.setText("aa")
    qtbot.waitUntil(lambda: tab.banner.message == scripted.fails)
    scripted.fails = ""
    search("aaa")
    assert not tab.banner.message
    assert _names(tab)[0] == "3.png"


def test_that_a_cut_sentence_is_said_and_searched_all_the_same(
    tab: SearchTab, desk: ZeroShotDesk, images: list[Path], search
) -> None:
    desk.add_images(images)
    search("long")
    assert "longer than the model reads" in tab.banner.message
    assert tab.found.paths


def test_that_images_that_come_while_others_are_read_are_searched_too(
    tab: SearchTab, desk: ZeroShotDesk, scripted: Scripted, images: list[Path], qtbot
) -> None:
    scripted.held = True
    desk.add_images(images[:2])
    tab.field.setText("aaa")
    qtbot.waitUntil(lambda: len(scripted.embedded) == 1)
    assert tab.vectors.working
    desk.add_images(images[2:])
    scripted.held = False
    qtbot.waitUntil(lambda: len(tab.found.paths) == 4)
    assert _names(tab)[0] == "3.png"


def test_that_enter_shows_an_image_large_with_its_similarity(
    tab: SearchTab, desk: ZeroShotDesk, images: list[Path], search, qtbot
) -> None:
    desk.add_images(images)
    search("aa")
    tab.grid.setCurrentIndex(tab.found.index(0))
    QTest.keyClick(tab.grid, Qt.Key.Key_Return)
    viewer = tab.grid.findChild(FoundViewer)
    assert viewer is not None
    assert viewer.words.text() == "2.png"
    assert viewer.facts.text().startswith("similarity 1.000")
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    assert tab.grid.currentIndex().row() == 1
    viewer.close()


def test_that_one_image_dropped_on_the_page_is_searched_with_only_while_the_search_is_open(
    session: Session, worker: Worker, theme: Theme, scripted: Scripted, images: list[Path], qtbot
) -> None:
    page = ZeroShotPage(session, worker, theme, Settings())
    qtbot.addWidget(page)
    page.add_images(images[:2])
    assert len(page.desk.images) == 2
    names = [page.tabs.tabText(place) for place in range(page.tabs.count())]
    page.tabs.setCurrentIndex(names.index("Search"))
    page.add_images([images[3]])
    assert len(page.desk.images) == 2
    qtbot.waitUntil(lambda: scripted.searched == [images[3]])
    page.add_images(images[2:])
    assert len(page.desk.images) == 4
