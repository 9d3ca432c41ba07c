"""What is drawn of what the network sees: nothing else than what training and validation compute."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.images import image_folder
from tlstudio.config import Augmentation, SplitRatios
from tlstudio.data.batches import varied
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.data.decode import read_image
from tlstudio.data.mixing import Kind
from tlstudio.data.scan import CheckFinished, read_folder
from tlstudio.data.seen import ImagesChosen, ViewSeen, Wanted, choose, views_seen
from tlstudio.data.split import split_catalogue
from tlstudio.data.transforms import View
from tlstudio.events import Control

VIEW = View(40, 32, "bilinear", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(tmp_path_factory.mktemp("home")))
        *_, last = read_folder(image_folder(tmp_path_factory.mktemp("images"), 6), Control())
    assert isinstance(last, CheckFinished)
    return split_catalogue(last.catalogue, SplitRatios(), 0)


def seen(wanted: Wanted) -> tuple[ImagesChosen, dict[tuple[int, int], ViewSeen]]:
    chosen, *views = views_seen(wanted, VIEW, Control())
    assert isinstance(chosen, ImagesChosen)
    return chosen, {(view.row, view.column): view for view in views if isinstance(view, ViewSeen)}


def pixels(view: ViewSeen) -> np.ndarray:
    return np.frombuffer(view.rgb, np.uint8).reshape(view.height, view.width, 3)


def test_that_the_first_view_is_the_middle_of_the_resized_image(catalogue: Catalogue) -> None:
    chosen, views = seen(Wanted(catalogue, Augmentation.NONE))
    image = VIEW.resized(read_image(catalogue.file(chosen.images[0])))
    assert np.array_equal(pixels(views[0, 1]), np.asarray(image.crop((4, 4, 36, 36))))


@pytest.mark.parametrize("augmentation", [Augmentation.LIGHT, Augmentation.STRONG])
def test_that_varied_views_are_those_of_the_runs_epochs(
    catalogue: Catalogue, augmentation: Augmentation
) -> None:
    chosen, views = seen(Wanted(catalogue, augmentation, seed=7, roll=1, varied=3))
    image = VIEW.resized(read_image(catalogue.file(chosen.images[2])))
    tensor = varied(chosen.images, VIEW, augmentation, 7, 4)(2, image)
    shown = (pixels(views[2, 3]) / 255 - VIEW.mean) / VIEW.std
    assert np.allclose(shown, tensor.permute(1, 2, 0).numpy(), atol=1e-5)


def test_that_rolling_again_shows_other_views_and_the_same_roll_the_same(catalogue: Catalogue) -> None:
    wanted = Wanted(catalogue, Augmentation.LIGHT)
    _, first = seen(wanted)
    assert seen(wanted)[1] == first
    _, other = seen(dataclasses.replace(wanted, roll=1))
    assert other[0, 1] == first[0, 1]
    assert other[0, 2] != first[0, 2]


def test_that_without_augmentation_nothing_is_varied(catalogue: Catalogue) -> None:
    _, views = seen(Wanted(catalogue, Augmentation.NONE, images=2))
    assert set(views) == {(0, 0), (0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize("mix", ["mixup", "cutmix"])
def test_that_where_the_plan_mixes_each_view_tells_both_classes_and_their_shares(
    catalogue: Catalogue, mix: Kind
) -> None:
    wanted = Wanted(catalogue, Augmentation.LIGHT, mix, seed=7, images=3, varied=2)
    chosen, views = seen(wanted)
    _, unmixed = seen(dataclasses.replace(wanted, mix="none"))
    labels = [image.label for image in chosen.images]
    for row in range(3):
        assert views[row, 1] == unmixed[row, 1]
        assert views[row, 1].shares == ()
        for column in (2, 3):
            shares = dict(views[row, column].shares)
            assert set(shares) == {labels[row], labels[row - 1]}
            assert sum(shares.values()) == pytest.approx(1)
            if mix == "mixup":
                own, other = (pixels(unmixed[one, column]).astype(float) for one in (row, (row - 1) % 3))
                mixed = shares[labels[row]] * own + (1 - shares[labels[row]]) * other
                assert np.allclose(pixels(views[row, column]), mixed, atol=1.01)


def test_that_images_are_mixed_though_they_are_not_varied_and_otherwise_in_each_roll(
    catalogue: Catalogue,
) -> None:
    wanted = Wanted(catalogue, Augmentation.NONE, "cutmix", images=2, varied=3)
    _, first = seen(wanted)
    assert set(first) == {(row, column) for row in range(2) for column in range(5)}
    assert seen(wanted)[1] == first
    assert seen(dataclasses.replace(wanted, roll=1))[1][0, 2] != first[0, 2]


def test_that_a_mixed_image_of_two_of_one_class_is_all_of_that_class(catalogue: Catalogue) -> None:
    blue = dataclasses.replace(
        catalogue, images=tuple(image for image in catalogue.of_split("train") if image.label == 0)
    )
    _, views = seen(Wanted(blue, Augmentation.NONE, "mixup", images=2, varied=1))
    assert [views[row, 2].shares for row in range(2)] == [((0, pytest.approx(1)),)] * 2


def test_that_a_single_image_is_mixed_with_nothing(catalogue: Catalogue) -> None:
    _, views = seen(Wanted(catalogue, Augmentation.NONE, "cutmix", images=1, varied=1))
    assert views[0, 2].rgb == views[0, 1].rgb
    assert [share for _, share in views[0, 2].shares] == [1]


def test_that_the_file_is_shown_whole_in_its_shape(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.new("RGB", (200, 50), "red").save(tmp_path / name / "wide.png")
    images = tuple(ImageRecord(f"{name}/wide.png", n, 200, 50, 1, "train") for n, name in enumerate("ab"))
    _, views = seen(Wanted(Catalogue(tmp_path, ("a", "b"), images), Augmentation.NONE))
    assert (views[0, 0].width, views[0, 0].height) == (32, 8)


def test_that_a_file_that_cannot_be_read_says_why_and_the_others_are_drawn(catalogue: Catalogue) -> None:
    gone = dataclasses.replace(catalogue.images[0], path="blue/gone.png", split="train")
    broken = dataclasses.replace(catalogue, images=(gone, *catalogue.images[1:]))
    _, views = seen(Wanted(broken, Augmentation.NONE, first="blue/gone.png", images=2))
    assert views[0, 0].reason == "there is no such file"
    assert (0, 1) not in views
    assert views[1, 1].rgb


def test_that_the_chosen_images_are_of_different_classes_and_for_training(catalogue: Catalogue) -> None:
    chosen = choose(Wanted(catalogue, Augmentation.NONE, images=5))
    assert [image.split for image in chosen] == ["train"] * 5
    assert {image.label for image in chosen[:3]} == {0, 1, 2}
    assert len(set(chosen)) == 5
    assert chosen != choose(Wanted(catalogue, Augmentation.NONE, images=5, choice=1))


def test_that_an_image_that_is_asked_for_comes_first_whatever_its_split(catalogue: Catalogue) -> None:
    path = catalogue.of_split("test")[0].path
    chosen = choose(Wanted(catalogue, Augmentation.NONE, first=path))
    assert chosen[0].path == path
    assert len(set(chosen)) == 4


def test_that_fewer_images_than_rows_are_all_shown(catalogue: Catalogue) -> None:
    few = dataclasses.replace(catalogue, images=catalogue.of_split("train")[:2])
    assert set(choose(Wanted(few, Augmentation.NONE))) == set(few.images)
