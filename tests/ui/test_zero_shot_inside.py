"""The Look-inside tab, through its widgets."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QItemSelectionModel, QPointF, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest

from tlstudio.errors import StudioError
from tlstudio.events import Control, Event
from tlstudio.ui import answer_engine
from tlstudio.ui.session import Session
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.heat_canvas import HeatCanvas
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.captions import CaptionField, captions_of
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.ui.zero_shot.inside_tab import InsideTab
from tlstudio.zeroshot.events import Clip, ImagesEmbedded, Question, Vectors, ZeroShotFinished
from tlstudio.zeroshot.explain_events import MapDrawn, MatchFound, SimilaritiesFound
from tlstudio.zeroshot.text import Prompts

SEEN = np.full((8, 8, 3), 100, np.uint8)


class Scripted:
    """A model whose answers follow from the place of an image and a caption."""

    def __init__(self) -> None:
        self.matched: list[tuple[Path, Prompts]] = []
        self.compared: list[tuple[Sequence[Path], Prompts]] = []
        self.drawn: list[Prompts] = []
        self.fails = ""

    def embed(self, images: Sequence[Path], clip: Clip, control: Control) -> Iterator[Event]:
        yield ImagesEmbedded(list(images), np.eye(len(images), 8, dtype=np.float32))
        yield ZeroShotFinished(len(images), 0, 0.1)

    def match(self, image: Path, captions: Prompts, clip: Clip, control: Control) -> Iterator[Event]:
        self.matched.append((image, captions))
        if self.fails:
            raise StudioError(self.fails, "Choose another.")
        for number, caption in enumerate(captions):
            heat = np.zeros((8, 8), np.float32)
            heat[number, 0] = caption != "nothing"
            yield MatchFound(image, caption, SEEN, heat, 0.25 + number)

    def compare(
        self, images: Sequence[Path], captions: Prompts, clip: Clip, control: Control
    ) -> Iterator[Event]:
        self.compared.append((images, captions))
        count = len(images) * len(captions)
        cosines = np.arange(count, dtype=np.float32).reshape(len(images), -1) / 100
        yield SimilaritiesFound(images, tuple(captions), cosines)

    def draw(self, vectors: Vectors, captions: Prompts, clip: Clip, control: Control) -> Iterator[Event]:
        self.drawn.append(captions)
        places = np.stack([np.arange(len(vectors)), np.zeros(len(vectors))], 1).astype(np.float32)
        texts = np.full((len(captions), 2), 1, np.float32)
        yield MapDrawn(np.arange(len(vectors)), places, texts, "PCA. Centred.")


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    scripted = Scripted()
    monkeypatch.setattr(answer_engine, "embed_images", scripted.embed)
    monkeypatch.setattr(answer_engine, "find_matches", scripted.match)
    monkeypatch.setattr(answer_engine, "compare_captions", scripted.compare)
    monkeypatch.setattr(answer_engine, "draw_map", scripted.draw)
    return scripted


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    for number in range(4):
        file = tmp_path / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (60 * number, 0, 0)).save(file)
    return sorted(tmp_path.rglob("*.png"), key=lambda path: path.name)


@pytest.fixture
def desk(worker: Worker) -> ZeroShotDesk:
    return ZeroShotDesk(worker)


@pytest.fixture
def tab(desk: ZeroShotDesk, session: Session, worker: Worker, theme: Theme, scripted: Scripted, qtbot):
    tab = InsideTab(desk, session, worker, theme)
    qtbot.addWidget(tab)
    tab.resize(1000, 600)
    tab.show()
    qtbot.waitExposed(tab)
    return tab


@pytest.fixture
def ready(tab: InsideTab, desk: ZeroShotDesk, images: list[Path], qtbot) -> InsideTab:
    """With images and two classes, the first image matched with the first class."""
    desk.set_question(Question(("cat", "sofa | couch"), ("a {}",)))
    desk.add_images(images)
    qtbot.waitUntil(lambda: "similarity" in tab.where.labels[0].text())
    return tab


def test_that_captions_are_the_classes_with_all_their_words_even_of_an_incomplete_question() -> None:
    question = Question(("sofa | couch", " ", "cat"), ("a {}", "no place"))
    assert captions_of(question) == {"sofa": ("a sofa", "a couch"), "cat": ("a cat",)}
    assert captions_of(Question(("cat",), ())) == {"cat": ("cat",)}


def test_that_a_caption_field_keeps_what_was_written_when_the_classes_change(qtbot) -> None:
    field = CaptionField("Caption", "")
    qtbot.addWidget(field)
    field.offer(["cat", "dog"], first=0)
    assert field.caption == "cat"
    field.offer(["dog", "cow"], first=0)  # the cat is gone
    assert field.caption == "dog"
    field.setEditText("a red thing")
    field.offer(["cow"], first=0)
    assert field.caption == "a red thing"


def test_that_without_images_the_tab_asks_for_some(tab: InsideTab, qtbot) -> None:
    assert tab.empty_button.isVisible()
    with qtbot.waitSignal(tab.images_wanted):
        tab.empty_button.click()


def test_that_the_first_image_is_matched_with_the_first_class(
    ready: InsideTab, scripted: Scripted, images: list[Path]
) -> None:
    assert scripted.matched == [(images[0], {"cat": ("a cat",)})]
    assert ready.where.labels[0].text() == "cat · similarity 0.250"
    assert ready.where.canvases[0].picture is not None
    assert not ready.where.canvases[1].isVisible()


def test_that_a_second_caption_of_ones_own_stands_beside_the_first(
    ready: InsideTab, scripted: Scripted, qtbot
) -> None:
    line = ready.where.fields[1].lineEdit()
    line.setFocus()
    QTest.keyClicks(line, "a red thing")
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "similarity" in ready.where.labels[1].text())
    assert scripted.matched[-1][1] == {"cat": ("a cat",), "a red thing": ("a red thing",)}
    assert ready.where.labels[1].text() == "a red thing · similarity 1.250"
    assert ready.where.canvases[1].isVisible()


def test_that_another_image_is_matched_when_it_is_selected(
    ready: InsideTab, scripted: Scripted, images: list[Path], qtbot
) -> None:
    ready.grid.setCurrentIndex(ready.images.index(2))
    qtbot.waitUntil(lambda: scripted.matched[-1][0] == images[2])


def test_that_a_caption_that_nothing_speaks_for_says_so(ready: InsideTab, qtbot) -> None:
    field = ready.where.fields[0]
    field.setEditText("nothing")
    field.lineEdit().editingFinished.emit()
    qtbot.waitUntil(lambda: "no place speaks for it" in ready.where.labels[0].text())


def test_that_a_failure_is_said_and_put_away_by_the_next_answer(
    ready: InsideTab, scripted: Scripted, qtbot
) -> None:
    scripted.fails = "The tower has no places to show."
    ready.grid.setCurrentIndex(ready.images.index(1))
    qtbot.waitUntil(lambda: ready.banner.message == scripted.fails)
    scripted.fails = ""
    ready.grid.setCurrentIndex(ready.images.index(2))
    qtbot.waitUntil(lambda: "similarity" in ready.where.labels[0].text())
    assert not ready.banner.message


def test_that_heat_covers_warm_places_alone_and_as_much_as_wanted(theme: Theme, qtbot) -> None:
    canvas = HeatCanvas(theme, "heat")
    qtbot.addWidget(canvas)
    heat = np.zeros((8, 8), np.float32)
    heat[2, 5] = 1
    canvas.set_opacity(1.0)
    canvas.show_heat(SEEN, heat)
    assert canvas.picture is not None
    image = canvas.picture.toImage()
    assert image.pixelColor(0, 0).getRgb()[:3] == (100, 100, 100)
    warmest = image.pixelColor(5, 2).getRgb()
    assert warmest[0] > 240
    canvas.set_opacity(0.0)
    image = canvas.picture.toImage()
    assert image.pixelColor(5, 2).getRgb()[:3] == (100, 100, 100)


def test_that_the_matrix_compares_the_selected_images_with_classes_and_more_sentences(
    ready: InsideTab, scripted: Scripted, images: list[Path], qtbot
) -> None:
    QAbstractItemModelTester(ready.matrix.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    ready.buttons[1].click()
    qtbot.waitUntil(lambda: ready.matrix.model.rowCount() == 4)  # some, until some are selected
    select = QItemSelectionModel.SelectionFlag.Select
    ready.grid.selectionModel().select(ready.images.index(2), select)
    qtbot.waitUntil(lambda: ready.matrix.model.rowCount() == 2)
    assert scripted.compared[-1][0] == (images[0], images[2])
    ready.matrix.field.setText("a red thing; ; a blue one")
    ready.matrix.field.editingFinished.emit()
    qtbot.waitUntil(lambda: ready.matrix.model.columnCount() == 4)
    model = ready.matrix.model
    heads = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(4)]
    assert heads == ["cat", "sofa", "a red thing", "a blue one"]
    assert model.index(1, 3).data() == "0.070"
    assert ready.matrix.words.text() == "0.000 to 0.070"


def test_that_the_map_has_its_dots_coloured_by_folder_and_says_how_it_was_made(
    ready: InsideTab, scripted: Scripted, qtbot
) -> None:
    ready.buttons[2].click()
    view = ready.map
    qtbot.waitUntil(lambda: view.method.text() == "PCA. Centred.")
    assert scripted.drawn == [{"cat": ("a cat",), "sofa": ("a sofa", "a couch")}]
    assert not ready.grid.isVisible()
    assert view.keys.text() == "Classify the images to colour them by class."
    view.colour_by.setCurrentIndex(1)
    view.colour_by.activated.emit(1)
    assert "a<br>" in view.keys.text()
    assert view.keys.text().endswith("b")
    colours = {view.plot.look_of(number) for number in range(12)}
    assert len(colours) == 12


def test_that_a_dot_under_the_pointer_shows_its_image_and_a_click_goes_there(
    ready: InsideTab, scripted: Scripted, images: list[Path], qtbot
) -> None:
    ready.buttons[2].click()
    view = ready.map
    qtbot.waitUntil(lambda: bool(view.method.text()))
    place = view.plot.getViewBox().mapViewToScene(QPointF(2, 0))
    assert view.plot.row_at(place) == 2
    assert view.plot.row_at(view.plot.getViewBox().mapViewToScene(QPointF(2.5, 0))) == -1
    view.plot.pointed.emit(2)
    assert view.name.text() == "2.png"
    view.plot.picked.emit(2)
    assert ready.where.isVisible()
    qtbot.waitUntil(lambda: scripted.matched[-1][0] == images[2])


def test_that_a_map_follows_the_classes(
    ready: InsideTab, desk: ZeroShotDesk, scripted: Scripted, qtbot
) -> None:
    ready.buttons[2].click()
    qtbot.waitUntil(lambda: len(scripted.drawn) == 1)
    desk.set_question(Question(("cow", "dog"), ("a {}",)))
    qtbot.waitUntil(lambda: len(scripted.drawn) == 2)
    assert list(scripted.drawn[-1]) == ["cow", "dog"]
    desk.clear()
    assert ready.empty_button.isVisible()
