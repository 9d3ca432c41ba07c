import hashlib
from pathlib import Path

import pytest

from tlstudio.data.catalogue import Catalogue
from tlstudio.data.contents import note_contents
from tlstudio.data.scan import ScanFinished, scan
from tlstudio.errors import Stopped, UnreadableImage
from tlstudio.events import Control, Event, Progress


@pytest.fixture
def catalogue(dataset: Path) -> Catalogue:
    *_, last = scan(dataset, Control())
    assert isinstance(last, ScanFinished)
    return last.catalogue


def noted(catalogue: Catalogue, control: Control) -> tuple[list[Event], Catalogue]:
    events: list[Event] = []

    def listen():
        return (yield from note_contents(catalogue, control))

    task = listen()
    while True:
        try:
            events.append(next(task))
        except StopIteration as end:
            return events, end.value


def test_that_every_image_gets_the_digest_of_its_file(catalogue: Catalogue):
    events, result = noted(catalogue, Control())
    assert [image.path for image in result.images] == [image.path for image in catalogue.images]
    for image in result.images:
        assert image.digest == hashlib.sha256(catalogue.file(image).read_bytes()).hexdigest()
    last = events[-1]
    assert isinstance(last, Progress)
    assert last.done == last.total == len(catalogue.images)


def test_that_a_file_that_is_gone_is_named(catalogue: Catalogue):
    gone = Catalogue(Path("/nowhere"), catalogue.classes, catalogue.images)
    with pytest.raises(UnreadableImage, match=r"/nowhere/.*: no such file or directory"):
        noted(gone, Control())


def test_that_it_can_be_stopped(catalogue: Catalogue):
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        noted(catalogue, control)
