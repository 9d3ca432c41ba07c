"""Every visible file and folder is listed once, whatever its name and wherever links lead."""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tlstudio.data import listing as module
from tlstudio.data.listing import ListedFile, Listing, list_folder
from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control, Event, Progress

posix = pytest.mark.skipif(os.name != "posix", reason="links, pipes and names of any bytes")


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(os.fsencode(name))


def listed(root: Path, control: Control | None = None) -> Listing:
    events = list_folder(root, control or Control())
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


def paths(root: Path) -> list[str]:
    return [file.path for file in listed(root).files]


def aside(root: Path) -> dict[str, str]:
    return {one.path: one.reason for one in listed(root).set_aside}


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, error: OSError) -> None:
    """Have folders of this name not open."""
    real = os.scandir

    def scandir(folder: Path) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        if Path(folder).name == name:
            raise error
        return real(folder)

    monkeypatch.setattr(module.os, "scandir", scandir)


def test_that_files_and_folders_come_sorted_with_forward_slashes(tmp_path: Path) -> None:
    touch(tmp_path, "b/2.png", "b/1.png", "a.txt", "b/deep/er/3.png")
    (tmp_path / "empty").mkdir()
    found = listed(tmp_path)
    assert [file.path for file in found.files] == ["a.txt", "b/1.png", "b/2.png", "b/deep/er/3.png"]
    assert found.folders == ("b", "b/deep", "b/deep/er", "empty")
    assert (found.root, found.set_aside) == (tmp_path, ())


def test_that_size_and_time_are_those_of_the_file(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    os.utime(tmp_path / "a.png", ns=(1, 1_700_000_000_123_456_789))
    (file,) = listed(tmp_path).files
    assert file.size == len("a.png")
    assert file.mtime == (tmp_path / "a.png").stat().st_mtime_ns


@pytest.mark.parametrize(
    ("path", "suffix"),
    [("a/b.JPG", ".jpg"), ("a.b/c", ""), ("a/x.tar.gz", ".gz"), ("a/.png", ""), ("a/b.", ".")],
)
def test_that_a_suffix_is_what_follows_the_last_dot_of_the_name(path: str, suffix: str) -> None:
    assert ListedFile(path, 0, 0).suffix == suffix


def test_that_hidden_files_and_those_of_the_system_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, ".x.png", "._1.png", ".git/a.png", "__MACOSX/a.png", "a/Thumbs.db", "a/desktop.ini")
    touch(tmp_path, "a/1.png", "a/__MACOSX.png", "..png")
    assert paths(tmp_path) == ["a/1.png", "a/__MACOSX.png"]
    assert listed(tmp_path).folders == ("a",)


@posix
def test_that_links_to_files_and_folders_count_as_what_they_lead_to(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    touch(elsewhere, "1.png", "deep/2.png")
    root.mkdir()
    (root / "linked").symlink_to(elsewhere, target_is_directory=True)
    (root / "one.png").symlink_to(elsewhere / "1.png")
    assert paths(root) == ["linked/1.png", "linked/deep/2.png", "one.png"]
    assert listed(root).files[-1].size == len("1.png")


@posix
def test_that_a_link_back_to_a_folder_around_it_is_not_followed(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "b/c/2.png")
    (tmp_path / "a/self").symlink_to(tmp_path / "a")
    (tmp_path / "b/c/up").symlink_to(tmp_path)
    (tmp_path / "b/c/relative").symlink_to("..")
    assert paths(tmp_path) == ["a/1.png", "b/c/2.png"]
    assert aside(tmp_path) == {}


@posix
def test_that_two_folders_linked_to_each_other_are_each_entered_from_the_other_once(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a/to-b").symlink_to("../b")
    (tmp_path / "b/to-a").symlink_to("../a")
    assert paths(tmp_path) == ["a/1.png", "a/to-b/2.png", "b/2.png", "b/to-a/1.png"]


@posix
def test_that_many_folders_linked_to_one_another_are_not_followed_without_end(tmp_path: Path) -> None:
    names = [f"{number}" for number in range(6)]
    for name in names:
        touch(tmp_path, f"{name}/image.png")
        for other in names:
            (tmp_path / name / f"to-{other}").symlink_to(f"../{other}")
    found = listed(tmp_path)
    assert max(file.path.count("/to-") for file in found.files) == 4
    assert {one.reason for one in found.set_aside} == {"too many links to folders within one another"}


@posix
def test_that_a_link_to_nothing_and_a_link_to_itself_are_files_of_no_size(tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    assert listed(tmp_path).files == (ListedFile("gone.png", 0, 0), ListedFile("self.png", 0, 0))


@posix
def test_that_a_pipe_and_a_link_to_one_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "pipe.png")
    touch(tmp_path, "a.png")
    assert paths(tmp_path) == ["a.png"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "no permission to open this folder"),
        (OSError(errno.EIO, "Input/output error"), "this folder cannot be opened: input/output error"),
    ],
)
def test_that_a_folder_that_cannot_be_opened_is_set_aside_and_its_neighbours_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, reason: str
) -> None:
    touch(tmp_path, "a/1.png", "locked/2.png", "z/3.png")
    refuse(monkeypatch, "locked", error)
    assert paths(tmp_path) == ["a/1.png", "z/3.png"]
    assert aside(tmp_path) == {"locked": reason}


def test_that_a_root_that_cannot_be_opened_is_an_error_with_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, tmp_path.name, PermissionError(errno.EACCES, "Permission denied"))
    with pytest.raises(BadInput) as caught:
        listed(tmp_path)
    assert caught.value.message == f"The folder {tmp_path} cannot be opened: Permission denied."


def test_that_names_of_250_characters_are_listed_whole(tmp_path: Path) -> None:
    long = "n" * 246 + ".png"
    touch(tmp_path, f"{'d' * 250}/{long}")
    assert paths(tmp_path) == [f"{'d' * 250}/{long}"]


def test_that_names_in_any_script_and_emoji_are_listed_as_they_are(tmp_path: Path) -> None:
    names = ["강아지/첫 번째.png", "Ñandú/été.png", "مرحبا/一.png", "🐶🐕‍🦺/👍🏽.png"]
    touch(tmp_path, *names)
    assert paths(tmp_path) == sorted(names)


@posix
def test_that_names_that_are_no_unicode_are_set_aside_with_question_marks(tmp_path: Path) -> None:
    touch(tmp_path, os.fsdecode(b"\xff\xfe/1.png"))
    assert paths(tmp_path) == []
    assert aside(tmp_path) == {"??": "its name is not valid Unicode"}


def test_that_many_files_in_one_folder_give_progress_and_a_stop_is_seen_among_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, *(f"{number}.png" for number in range(25)))
    monkeypatch.setattr(module, "_FILES_BETWEEN", 10)
    assert list(list_folder(tmp_path, Control())) == [
        Progress("Listing files", 10),
        Progress("Listing files", 20),
    ]
    control = Control()
    seen: list[Event] = []
    with pytest.raises(Stopped):
        for event in list_folder(tmp_path, control):
            seen.append(event)
            control.stop()
    assert seen == [Progress("Listing files", 10)]
