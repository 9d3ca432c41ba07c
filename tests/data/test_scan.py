"""A folder becomes a catalogue; what cannot be used is set aside with its reason."""

import gc
import hashlib
import os
import shutil
from pathlib import Path

import conformal_clip_data
import pytest
from PIL import Image

from tlstudio.data import scan as scanning
from tlstudio.data.catalogue import Catalogue
from tlstudio.data.scan import ChangesFound, CheckFinished, ScanFinished, changes, check, read_folder, scan
from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control, Progress


def image(root: Path, *names: str, size: tuple[int, int] = (12, 8)) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (90, 120, 150)).save(file)


def scanned(root: Path) -> Catalogue:
    *progress, last = read_folder(root, Control())
    assert all(isinstance(event, Progress) for event in progress)
    assert isinstance(last, CheckFinished)
    return last.catalogue


def paths(catalogue: Catalogue) -> list[str]:
    return [image.path for image in catalogue.images]


def aside(catalogue: Catalogue) -> dict[str, str]:
    return {one.path: one.reason for one in catalogue.set_aside}


def refused(root: Path) -> BadInput:
    with pytest.raises(BadInput) as caught:
        list(read_folder(root, Control()))
    assert caught.value.hint
    return caught.value


def test_that_class_folders_become_classes_in_the_order_of_their_names(tmp_path: Path) -> None:
    image(tmp_path, "dog/b.png", "dog/a.png", "cat/c.png", "ant/d.png")
    catalogue = scanned(tmp_path)
    assert catalogue.root == tmp_path
    assert catalogue.classes == ("ant", "cat", "dog")
    assert paths(catalogue) == ["ant/d.png", "cat/c.png", "dog/a.png", "dog/b.png"]
    assert [one.label for one in catalogue.images] == [0, 1, 2, 2]
    assert {one.split for one in catalogue.images} == {None}
    assert catalogue.set_aside == ()


def test_that_a_record_has_the_size_in_pixels_and_bytes(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png", size=(31, 17))
    record = scanned(tmp_path).images[0]
    assert (record.width, record.height) == (31, 17)
    assert record.size == (tmp_path / "a/1.png").stat().st_size


def test_that_files_deep_below_a_class_belong_to_it(tmp_path: Path) -> None:
    image(tmp_path, "a/2024/may/1.png", "a/2.png", "b/x/y/z/3.png")
    catalogue = scanned(tmp_path)
    assert catalogue.classes == ("a", "b")
    assert paths(catalogue) == ["a/2.png", "a/2024/may/1.png", "b/x/y/z/3.png"]


@pytest.mark.parametrize("val", ["val", "valid", "validation", "Validation"])
@pytest.mark.parametrize("test", ["test", "Testing"])
def test_that_split_folders_give_each_image_its_split(tmp_path: Path, val: str, test: str) -> None:
    image(tmp_path, *(f"{split}/{name}/1.png" for split in ("train", val, test) for name in ("a", "b")))
    catalogue = scanned(tmp_path)
    assert catalogue.classes == ("a", "b")
    assert {one.path.split("/")[0]: one.split for one in catalogue.images} == {
        "train": "train",
        val: "val",
        test: "test",
    }


def test_that_split_folders_with_differing_classes_give_their_union(tmp_path: Path) -> None:
    image(tmp_path, "train/a/1.png", "train/b/1.png", "test/b/2.png", "test/c/2.png")
    catalogue = scanned(tmp_path)
    assert catalogue.classes == ("a", "b", "c")
    assert [(one.path, one.label) for one in catalogue.images] == [
        ("test/b/2.png", 1),
        ("test/c/2.png", 2),
        ("train/a/1.png", 0),
        ("train/b/1.png", 1),
    ]


def test_that_what_lies_beside_split_folders_is_set_aside(tmp_path: Path) -> None:
    image(tmp_path, "train/a/1.png", "train/b/1.png", "test/a/1.png", "extra/a/1.png", "train/loose.png")
    assert aside(scanned(tmp_path)) == {
        "extra": "beside the folders for training and test",
        "train/loose.png": "not in a class folder",
    }


def test_that_classes_may_be_called_train_and_bus(tmp_path: Path) -> None:
    image(tmp_path, "train/1.png", "bus/1.png", "bus/old/2.png")
    catalogue = scanned(tmp_path)
    assert catalogue.classes == ("bus", "train")
    assert {one.split for one in catalogue.images} == {None}


def test_that_files_which_cannot_be_decoded_are_set_aside_with_their_reasons(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png", "a/cut.png", "a/tail.jpg", size=(64, 64))
    for name in ("cut.png", "tail.jpg"):
        file = tmp_path / "a" / name
        file.write_bytes(file.read_bytes()[:-30])
    (tmp_path / "a/empty.jpg").touch()
    (tmp_path / "b/list.jpg").write_text("bread, butter")
    catalogue = scanned(tmp_path)
    assert paths(catalogue) == ["a/1.png", "b/1.png"]
    assert aside(catalogue) == {
        "a/cut.png": "truncated",
        "a/empty.jpg": "empty file",
        "a/tail.jpg": "truncated",
        "b/list.jpg": "not an image",
    }


def test_that_notes_beside_images_are_ignored_and_other_files_are_named(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png")
    for name in ("a/1.txt", "a/labels.CSV", "b/1.xml", "README.md", "a/photo.heic", "a/unnamed"):
        (tmp_path / name).write_text("x")
    assert aside(scanned(tmp_path)) == {
        "a/photo.heic": "HEIC files cannot be read",
        "a/unnamed": "not an image",
    }


def test_that_hidden_files_and_those_of_the_system_are_ignored(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png", "a/._1.png", ".cache/1.png", "__MACOSX/a/1.png", "a/.thumbs/1.png")
    (tmp_path / "b/Thumbs.db").touch()
    (tmp_path / ".DS_Store").touch()
    catalogue = scanned(tmp_path)
    assert (catalogue.classes, paths(catalogue)) == (("a", "b"), ["a/1.png", "b/1.png"])
    assert catalogue.set_aside == ()


def test_that_images_beside_class_folders_are_set_aside(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png", "loose.png")
    assert aside(scanned(tmp_path)) == {"loose.png": "not in a class folder"}


def test_that_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    image(root, "a/1.png", "b/1.png")
    image(elsewhere, "2.png")
    (root / "a/more").symlink_to(elsewhere, target_is_directory=True)
    (root / "a/again").symlink_to(root / "a", target_is_directory=True)
    (root / "b/up").symlink_to(root, target_is_directory=True)
    (root / "b/side").symlink_to(root / "b" / "up", target_is_directory=True)
    (root / "b/self.png").symlink_to(root / "b/self.png")
    (root / "b/gone.png").symlink_to(root / "nothing.png")
    catalogue = scanned(root)
    assert paths(catalogue) == ["a/1.png", "a/more/2.png", "b/1.png"]
    assert aside(catalogue)["b/gone.png"] == "there is no such file"
    assert "b/self.png" in aside(catalogue)


@pytest.mark.skipif(os.name != "posix", reason="Windows names are always Unicode")
def test_that_a_file_whose_name_is_no_text_is_set_aside(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png")
    Path(os.fsdecode(os.fsencode(tmp_path / "a") + b"/\xff.png")).write_bytes(
        (tmp_path / "a/1.png").read_bytes()
    )
    assert aside(scanned(tmp_path)) == {"a/?.png": "its name is not valid Unicode"}


def test_that_names_in_any_script_and_with_spaces_are_kept(tmp_path: Path) -> None:
    image(tmp_path, "강아지/첫 번째.PNG", "Ñandú/été.png")
    catalogue = scanned(tmp_path)
    assert catalogue.classes == ("Ñandú", "강아지")
    assert paths(catalogue) == ["Ñandú/été.png", "강아지/첫 번째.PNG"]


def test_that_a_class_without_a_readable_image_is_left_out_with_a_note(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "c").mkdir()
    (tmp_path / "d").mkdir()
    (tmp_path / "d/bad.jpg").touch()
    catalogue = scanned(tmp_path)
    assert catalogue.classes == ("a", "b")
    note = "no readable image in this folder, so it is no class"
    assert aside(catalogue) == {"c": note, "d": note, "d/bad.jpg": "empty file"}


def headers_of(root: Path) -> ScanFinished:
    *_, last = scan(root, Control())
    assert isinstance(last, ScanFinished)
    return last


def changed(scanned: ScanFinished) -> ChangesFound:
    *progress, last = changes(scanned, Control())
    assert all(isinstance(event, Progress) for event in progress)
    assert isinstance(last, ChangesFound)
    return last


def test_that_a_scan_reads_headers_and_a_check_the_pixels(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png", "b/cut.png", size=(64, 64))
    (tmp_path / "b/cut.png").write_bytes((tmp_path / "b/cut.png").read_bytes()[:-30])
    first = headers_of(tmp_path)
    assert paths(first.catalogue) == ["a/1.png", "b/1.png", "b/cut.png"]
    assert {one.digest for one in first.catalogue.images} == {""}
    assert {facts.look for facts in first.facts.values()} == {None}
    assert first.layout.sentence == "Each folder is a class."
    *_, last = check(first, Control())
    assert isinstance(last, CheckFinished)
    assert paths(last.catalogue) == ["a/1.png", "b/1.png"]
    assert aside(last.catalogue) == {"b/cut.png": "truncated"}
    digest = hashlib.sha256((tmp_path / "a/1.png").read_bytes()).digest()
    look = last.facts["a/1.png"].look
    assert look is not None
    assert look.digest == digest
    assert last.catalogue.images[0].digest == digest.hex()


def test_that_a_check_that_leaves_one_class_says_so(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/cut.png", size=(64, 64))
    (tmp_path / "b/cut.png").write_bytes((tmp_path / "b/cut.png").read_bytes()[:-30])
    with pytest.raises(BadInput, match="only one class, 'a'"):
        list(check(headers_of(tmp_path), Control()))


def test_that_nested_classes_are_named_as_asked(tmp_path: Path) -> None:
    image(tmp_path, *(f"{name}/1.png" for name in ("cat/manx", "cat/siam", "dog/pug", "dog/boxer")))
    assert scanned(tmp_path).classes == ("cat", "dog")
    *_, last = read_folder(tmp_path, Control(), nesting="path")
    assert isinstance(last, CheckFinished)
    assert last.catalogue.classes == ("cat/manx", "cat/siam", "dog/boxer", "dog/pug")


def test_that_an_unchanged_folder_has_no_changes(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png", "loose.png")
    (tmp_path / "a/bad.jpg").touch()
    assert changed(headers_of(tmp_path)) == ChangesFound(added=0, gone=0, changed=0)


def test_that_images_added_gone_and_changed_since_the_scan_are_counted(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png")
    first = headers_of(tmp_path)
    image(tmp_path, "a/4.png", "c/1.png", "loose.png")
    image(tmp_path, "a/1.png", size=(99, 99))
    os.utime(tmp_path / "b/1.png", ns=(5, 5))
    (tmp_path / "a/2.png").unlink()
    (tmp_path / "b/2.png").rename(tmp_path / "b/3.png")
    assert changed(first) == ChangesFound(added=4, gone=2, changed=2)


def test_that_an_archive_that_was_replaced_has_changed_though_what_was_unpacked_is_as_before(
    tmp_path: Path,
) -> None:
    image(tmp_path / "set", "a/1.png", "b/1.png")
    archive = Path(shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "set"))
    first = headers_of(archive)
    assert first.archive == archive
    assert changed(first) == ChangesFound(0, 0, 0)
    image(tmp_path / "set", "a/2.png")
    shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "set")
    assert changed(first) == ChangesFound(0, 0, 1, archive=True)
    assert paths(headers_of(archive).catalogue) == ["a/1.png", "a/2.png", "b/1.png"]
    archive.unlink()
    assert changed(first) == ChangesFound(0, 1, 0, archive=True)


def test_that_what_was_unpacked_is_looked_at_as_any_folder(tmp_path: Path) -> None:
    image(tmp_path / "set", "a/1.png", "b/1.png", "b/2.png")
    first = headers_of(Path(shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "set")))
    (first.catalogue.root / "b/2.png").unlink()
    assert changed(first) == ChangesFound(0, 1, 0)


def test_that_notes_and_hidden_files_are_no_changes_and_a_table_of_labels_is(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "notes.txt").touch()
    first = headers_of(tmp_path)
    for name in ("a/1.txt", ".DS_Store", "a/._1.png"):
        (tmp_path / name).touch()
    (tmp_path / "notes.txt").write_text("more")
    assert changed(first) == ChangesFound(0, 0, 0)
    (tmp_path / "labels.csv").write_text("1.png,x")
    assert changed(first) == ChangesFound(1, 0, 0)


def test_that_a_folder_that_is_gone_has_lost_all_its_images(tmp_path: Path) -> None:
    image(tmp_path, "set/a/1.png", "set/b/1.png")
    first = headers_of(tmp_path / "set")
    (tmp_path / "set").rename(tmp_path / "elsewhere")
    assert changed(first) == ChangesFound(0, 2, 0)


def test_that_a_look_for_changes_opens_no_image_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image(tmp_path, "a/1.png", "b/1.png")
    first = headers_of(tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr(Path, "open", refuse)
    assert changed(first) == ChangesFound(0, 0, 0)
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        list(changes(first, control))
    assert gc.isenabled()


@pytest.mark.skipif(os.name != "posix", reason="Windows names are always Unicode")
def test_that_a_root_whose_name_is_no_unicode_is_refused(tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    image(root, "a/1.png", "b/1.png")
    error = refused(root)
    assert error.message == f"The name of the folder {tmp_path}/? is not valid Unicode."


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_that_a_folder_without_permission_is_set_aside(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png", "b/locked/2.png")
    (tmp_path / "b/locked").chmod(0)
    try:
        assert aside(scanned(tmp_path)) == {"b/locked": "no permission to open this folder"}
    finally:
        (tmp_path / "b/locked").chmod(0o700)


def test_that_a_missing_folder_a_file_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    image(tmp_path, "a.png")
    (tmp_path / "empty").mkdir()
    assert "There is no folder" in refused(tmp_path / "nowhere").message
    assert "is a file, not a folder" in refused(tmp_path / "a.png").message
    assert "is empty" in refused(tmp_path / "empty").message


def test_that_images_directly_in_the_folder_need_class_folders(tmp_path: Path) -> None:
    image(tmp_path, "1.png", "2.jpg")
    assert "The 2 images" in refused(tmp_path).message


def test_that_a_folder_of_other_files_has_no_classes(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert "no class folders" in refused(tmp_path).message


def test_that_one_class_is_not_enough(tmp_path: Path) -> None:
    image(tmp_path, "only/1.png", "only/2.png")
    error = refused(tmp_path)
    assert "only one class, 'only'" in error.message


def test_that_folders_around_the_dataset_are_seen_through(tmp_path: Path) -> None:
    image(tmp_path, "data/set/a/1.png", "data/set/b/1.png")
    assert scanned(tmp_path).classes == ("a", "b")


def test_that_a_folder_with_nothing_readable_names_the_first_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bad.jpg").touch()
    message = refused(tmp_path).message
    assert "No image" in message
    assert "The first of 2 files set aside: a/bad.jpg, empty file" in message


def test_that_progress_counts_up_to_all_files(tmp_path: Path) -> None:
    image(tmp_path, *(f"{name}/{number}.png" for name in "ab" for number in range(20)))
    reading = [
        event
        for event in read_folder(tmp_path, Control())
        if isinstance(event, Progress) and event.text == "Reading images"
    ]
    assert [event.done for event in reading] == sorted(event.done for event in reading)
    assert (reading[0].done, reading[-1].done) == (0, 40)
    assert {event.total for event in reading} == {40}


@pytest.mark.parametrize("step", ["image_size", "look_at"])
def test_that_a_stop_is_seen_before_the_next_handful_of_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    image(tmp_path, *(f"{name}/{number}.png" for name in "ab" for number in range(70)))
    opened: list[Path] = []
    real = getattr(scanning, step)
    monkeypatch.setattr(scanning, step, lambda path: opened.append(path) or real(path))
    control = Control()
    events = read_folder(tmp_path, control)
    while not opened:
        next(events)
    so_far = len(opened)
    control.stop()
    with pytest.raises(Stopped):
        list(events)
    assert len(opened) == so_far < 140


def test_that_a_relative_folder_gives_an_absolute_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image(tmp_path, "set/a/1.png", "set/b/1.png")
    monkeypatch.chdir(tmp_path)
    assert scanned(Path("set")).root == tmp_path / "set"


def test_that_a_second_scan_has_the_same_fingerprint_and_a_changed_folder_another(tmp_path: Path) -> None:
    image(tmp_path, "a/1.png", "b/1.png")
    first = scanned(tmp_path).fingerprint()
    assert scanned(tmp_path).fingerprint() == first
    image(tmp_path, "b/2.png")
    assert scanned(tmp_path).fingerprint() != first


def test_that_all_of_the_textile_photographs_are_read() -> None:
    catalogue = scanned(Path(conformal_clip_data.textile_simulated_root()))
    assert catalogue.counts() == {"global": 500, "local": 500, "nominal": 1000}
    assert {(one.width, one.height) for one in catalogue.images} == {(250, 250)}
    assert catalogue.set_aside == ()
