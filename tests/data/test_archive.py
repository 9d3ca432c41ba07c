"""A zip or tar file is a dataset too, and may do no harm: every archive here is made by script."""

import errno
import gzip
import io
import os
import shutil
import stat
import struct
import tarfile
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.images import COLOURS, image_folder, picture
from tlstudio.data import archive, archive_members
from tlstudio.data.archive import is_archive, unpacked
from tlstudio.data.scan import CheckFinished, ScanFinished, read_folder, scan
from tlstudio.errors import BadInput, Stopped, StudioError
from tlstudio.events import Control, Event, Notice, Progress


def png(colour: str = "red", number: int = 0) -> bytes:
    file = io.BytesIO()
    picture(COLOURS[colour], number).save(file, "PNG")
    return file.getvalue()


PNG = png()


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries:
            file.writestr(name, content)
    return path


def tarred(path: Path, *entries: tuple[str | tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as file:
        for name, content in entries:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def folder_of(path: Path, control: Control | None = None) -> tuple[Path, list[Event]]:
    events, seen = unpacked(path, control or Control()), list[Event]()
    while True:
        try:
            seen.append(next(events))
        except StopIteration as end:
            return end.value, seen


def files(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def names(path: Path) -> list[str]:
    return list(files(folder_of(path)[0]))


def notices(path: Path) -> list[str]:
    return [event.text for event in folder_of(path)[1] if isinstance(event, Notice)]


def refused(path: Path, kind: type[StudioError] = BadInput) -> str:
    """The sentence; nothing may be left behind."""
    with pytest.raises(kind) as caught:
        folder_of(path)
    assert type(caught.value) is kind
    assert caught.value.hint
    assert str(path) in caught.value.message
    imported = archive.data_dir() / "imported"
    assert not imported.exists() or list(imported.iterdir()) == []
    return caught.value.message


def catalogue_of(path: Path):
    *_, last = read_folder(path, Control())
    assert isinstance(last, CheckFinished)
    return last.catalogue


def zip_of(folder: Path, path: Path) -> Path:
    return Path(shutil.make_archive(str(path.with_suffix("")), "zip", folder))


@pytest.fixture
def dataset_zip(dataset: Path, tmp_path: Path) -> Path:
    return zip_of(dataset, tmp_path / "discs.zip")


def test_that_a_zip_is_scanned_like_the_folder_that_it_was_made_of(dataset: Path, dataset_zip: Path) -> None:
    catalogue, of_folder = catalogue_of(dataset_zip), catalogue_of(dataset)
    assert catalogue.classes == of_folder.classes
    assert catalogue.images == of_folder.images
    assert catalogue.fingerprint() == of_folder.fingerprint()
    assert files(catalogue.root) == files(dataset)
    assert catalogue.root.parent == archive.data_dir() / "imported"
    assert catalogue.root.name.startswith("discs-")


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz", ".TAR"])
def test_that_a_tar_file_is_a_dataset_too(dataset: Path, tmp_path: Path, suffix: str) -> None:
    path = tarred(tmp_path / f"discs{suffix}", *files(dataset).items())
    assert files(catalogue_of(path).root) == files(dataset)


@pytest.mark.parametrize("name", ["a.zip", "a.ZIP", "a.tar", "a.tar.gz", "a.tgz"])
def test_that_an_archive_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    assert not is_archive(tmp_path / name)
    (tmp_path / name).touch()
    assert is_archive(tmp_path / name)


@pytest.mark.parametrize("name", ["a.jpg", "a.gz", "zip", "a.zip.part", "folder.zip"])
def test_that_other_files_and_folders_are_no_archives(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir() if name.startswith("folder") else (tmp_path / name).touch()
    assert not is_archive(tmp_path / name)


def test_that_an_unchanged_archive_is_unpacked_once(dataset_zip: Path) -> None:
    first, events = folder_of(dataset_zip)
    assert any(isinstance(event, Progress) for event in events)
    assert folder_of(dataset_zip) == (first, [])


def test_that_a_changed_archive_goes_to_a_folder_of_its_own(dataset_zip: Path) -> None:
    first, _ = folder_of(dataset_zip)
    with zipfile.ZipFile(dataset_zip, "a") as file:
        file.writestr("red/more.png", PNG)
    second, _ = folder_of(dataset_zip)
    assert second != first
    assert set(files(second)) - set(files(first)) == {"red/more.png"}


def test_that_two_archives_of_one_name_do_not_share_a_folder(tmp_path: Path) -> None:
    found = set()
    for number in range(2):
        (tmp_path / f"{number}").mkdir()
        found.add(folder_of(zipped(tmp_path / f"{number}" / "a.zip", (f"{number}.png", PNG)))[0])
    assert len(found) == 2


def test_that_only_images_tables_of_labels_and_folders_are_unpacked(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "a.zip",
        *(("a/1.png", PNG), ("Labels.csv", b"a/1.png,x"), ("empty/", b""), ("a/run.exe", b"x")),
        *(("notes.txt", b"x"), ("inner.zip", PNG), ("a/photo.heic", b"x"), ("a/none", b"x")),
    )
    folder, _ = folder_of(path)
    assert list(files(folder)) == ["Labels.csv", "a/1.png"]
    assert (folder / "empty").is_dir()
    shutil.rmtree(folder)
    assert notices(path) == ["Left out of a.zip: files that are no images (4)."]


def test_that_hidden_files_and_those_of_the_system_are_left_out_without_a_word(tmp_path: Path) -> None:
    hidden = ("__MACOSX/a/._1.png", "a/.2.png", ".git/3.png", "__MACOSX/", "a/.DS_Store")
    path = zipped(tmp_path / "a.zip", ("a/1.png", PNG), *((name, PNG) for name in hidden))
    assert notices(path) == []
    assert names(path) == ["a/1.png"]


OUTSIDE = (
    *(
        "../evil.png",
        "a/../../evil.png",
        "/evil.png",
        "//host/share/evil.png",
        "..\\evil.png",
        "C:\\evil.png",
    ),
    *("C:evil.png", "\\evil.png", "a/../evil.png"),
)


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_that_nothing_is_written_outside_of_the_folder(
    tmp_path: Path, home: Path, name: str, kind: str
) -> None:
    make = zipped if kind == "zip" else tarred
    path = make(tmp_path / f"a.{kind}", (name, PNG), ("a/1.png", PNG))
    before = {file for place in (tmp_path, home) for file in place.rglob("*")}
    assert notices(path) == [f"Left out of a.{kind}: what lies outside of it (1)."]
    assert names(path) == ["a/1.png"]
    folder, _ = folder_of(path)
    after = {file for place in (tmp_path, home) for file in place.rglob("*")} - before
    assert {file for file in after if file.is_file()} == {folder / "a/1.png"}
    assert not Path("/evil.png").exists()


@given(
    st.text()
    | st.lists(st.sampled_from(["..", ".", "", "a", "C:", "/", "\\", "~", "\0", " ", "..."])).map("/".join)
)
def test_that_no_name_whatever_leads_out_of_the_folder(name: str) -> None:
    try:
        parts = archive._parts(name)
    except archive._LeftOut:
        return
    if parts is not None:
        inside = Path(os.path.normpath(Path("/folder", *parts))).as_posix()
        assert inside == "/folder/" + "/".join(parts)


def test_that_the_folder_itself_is_no_member_to_speak_of(tmp_path: Path) -> None:
    folder = tarfile.TarInfo("./")
    folder.type = tarfile.DIRTYPE
    path = tarred(tmp_path / "a.tar", (folder, b""), ("./a/1.png", PNG))
    assert notices(path) == []
    assert names(path) == ["a/1.png"]


def test_that_a_link_in_a_zip_is_not_made(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a/link.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    folder_link = zipfile.ZipInfo("b")
    folder_link.create_system, folder_link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    path = zipped(
        tmp_path / "a.zip", (link, b"/etc/passwd"), (folder_link, b"/tmp"), ("b/1.png", PNG), ("a/1.png", PNG)
    )
    assert notices(path) == ["Left out of a.zip: links or devices (2)."]
    folder, _ = folder_of(path)
    assert list(files(folder)) == ["a/1.png", "b/1.png"]
    assert not any(file.is_symlink() for file in folder.rglob("*"))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_that_links_devices_and_pipes_in_a_tar_are_not_made(tmp_path: Path, kind: bytes) -> None:
    odd = tarfile.TarInfo("a/odd.png")
    odd.type, odd.linkname = kind, "/etc/passwd"
    path = tarred(tmp_path / "a.tar", (odd, b""), ("a/1.png", PNG))
    assert notices(path) == ["Left out of a.tar: links or devices (1)."]
    assert names(path) == ["a/1.png"]


def test_that_a_file_below_a_name_that_was_a_link_lands_in_a_real_folder(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    link = tarfile.TarInfo("a")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "target")
    assert names(tarred(tmp_path / "a.tar", (link, b""), ("a/1.png", PNG))) == ["a/1.png"]
    assert list((tmp_path / "target").iterdir()) == []


def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (archive, archive_members):
        monkeypatch.setattr(module, "HARMLESS", 1_000_000)


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.tar.gz"])
def test_that_an_archive_that_unfolds_to_far_more_than_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    small_limits(monkeypatch)
    make = zipped if name.endswith("zip") else tarred
    path = make(tmp_path / name, ("a/1.bmp", bytes(20_000_000)))
    assert path.stat().st_size < 30_000
    assert "it holds more than 100 times its own size" in refused(path)


def test_that_a_zip_bomb_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_limits(monkeypatch)
    path = zipped(tmp_path / "a.zip", ("a/1.bmp", bytes(20_000_000)))

    def read(*_: object) -> None:
        raise AssertionError("a member was opened")

    monkeypatch.setattr(zipfile.ZipFile, "open", read)
    refused(path)


def test_that_what_is_not_unpacked_counts_for_a_tar_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_limits(monkeypatch)
    refused(tarred(tmp_path / "a.tar.gz", ("zeros.bin", bytes(20_000_000)), ("a/1.png", PNG)))


def test_that_entries_that_share_their_bytes_count_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bomb of overlapping files (D. Fifield, 2019): a directory whose entries all point at one member."""
    small_limits(monkeypatch)
    path = zipped(tmp_path / "a.zip", ("0000.bmp", bytes(900_000)))
    content = path.read_bytes()
    at = content.index(b"PK\1\2")
    end = content.index(b"PK\5\6")
    entry = content[at:end]
    directory = b"".join(entry.replace(b"0000.bmp", b"%04d.bmp" % number) for number in range(200))
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 200, 200, len(directory), at, 0)
    path.write_bytes(content[:at] + directory + tail)
    assert "times its own size" in refused(path)


def patched_size(path: Path, size: int) -> Path:
    """Declare another size in both headers of a zip's only member."""
    content = bytearray(path.read_bytes())
    struct.pack_into("<L", content, content.index(b"PK\3\4") + 22, size)
    struct.pack_into("<L", content, content.index(b"PK\1\2") + 24, size)
    path.write_bytes(content)
    return path


def test_that_no_more_is_written_than_was_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = patched_size(zipped(tmp_path / "a.zip", ("a/1.bmp", bytes(5_000_000))), 100)
    written: list[int] = []
    real = archive._Writer._require_room
    monkeypatch.setattr(
        archive._Writer, "_require_room", lambda self, size: written.append(size) or real(self, size)
    )
    assert "is damaged: none of its images can be unpacked" in refused(path)
    assert max(written) <= 100


def test_that_an_archive_that_does_not_fit_on_the_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda _: usage._replace(free=200 * 2**20 + 1_000))
    for path in (
        zipped(tmp_path / "a.zip", ("a/1.bmp", os.urandom(2_000))),
        tarred(tmp_path / "a.tar", ("a/1.bmp", os.urandom(2_000))),
    ):
        assert "There is no room to unpack" in refused(path, StudioError)


def test_that_a_full_disk_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def full(self: Path, mode: str = "r", *more):
        if "x" in mode:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, mode, *more)

    path = zipped(tmp_path / "a.zip", ("a/1.png", PNG))
    monkeypatch.setattr(Path, "open", full)
    assert "No space left on device" in refused(path, StudioError)


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_that_too_many_members_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    make = zipped if name.endswith("zip") else tarred
    path = make(tmp_path / name, *((f"{number}.png", PNG) for number in range(21)))
    monkeypatch.setattr(archive_members, "MOST_MEMBERS", 21)
    assert len(names(path)) == 21
    shutil.rmtree(folder_of(path)[0])
    monkeypatch.setattr(archive_members, "MOST_MEMBERS", 20)
    assert refused(path) == f"{path} holds more than 20 files."


def test_that_members_are_counted_before_they_become_objects_whatever_the_file_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "a.zip", *((f"{number}.png", b"") for number in range(50)))
    content = bytearray(path.read_bytes())
    struct.pack_into("<2H", content, content.index(b"PK\5\6") + 8, 1, 1)
    path.write_bytes(content)
    monkeypatch.setattr(archive_members, "MOST_MEMBERS", 20)

    def make(*_: object, **__: object) -> None:
        raise AssertionError("zipfile made its list")

    monkeypatch.setattr(zipfile, "ZipFile", make)
    assert "holds more than 20 files" in refused(path)


def test_that_a_large_zip_in_the_64_bit_format_is_counted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 5)  # where zipfile begins to use it
    path = zipped(tmp_path / "a.zip", *((f"{number}.png", PNG) for number in range(9)))
    assert b"PK\6\6" in path.read_bytes()
    with path.open("rb") as file:
        assert archive_members._entries(file) == 9
    assert len(names(path)) == 9


def test_that_a_header_of_a_tar_cannot_fill_the_memory(tmp_path: Path) -> None:
    long = tarfile.TarInfo("././@LongLink")
    long.type = tarfile.GNUTYPE_LONGNAME
    path = tarred(tmp_path / "a.tar.gz", (long, b"x" * 5_000_000), ("a/1.png", PNG))
    assert "is damaged" in refused(path)


def test_that_a_zip_with_a_password_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("a/1.png", PNG))
    content = bytearray(path.read_bytes())
    for header, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(header) + place] |= 1
    path.write_bytes(content)
    assert refused(path) == f"{path} is protected by a password."


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_that_an_unusual_compression_says_so(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("a/1.png", PNG)
    assert "compressed in an unusual way" in refused(path)


def cut_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar"])
@pytest.mark.parametrize(
    "damage", [cut_half, overwrite(b"not an archive" * 90), overwrite(b"PK\5\6" + bytes(18))]
)
def test_that_a_truncated_or_strange_archive_says_so(
    dataset: Path, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    make = zipped if name.endswith("zip") else tarred
    path = make(tmp_path / name, *files(dataset).items())
    damage(path)
    message = refused(path)
    assert "is damaged or not complete" in message or "There is no image in" in message


def test_that_an_empty_file_is_no_archive(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar", "a.tgz"):
        (tmp_path / name).touch()
        assert "is damaged or not complete" in refused(tmp_path / name)


def test_that_an_archive_without_images_says_so(tmp_path: Path) -> None:
    for path in (zipped(tmp_path / "a.zip", ("a.txt", b"x")), tarred(tmp_path / "a.tar", ("a.txt", b"x"))):
        assert refused(path) == f"There is no image in {path}."


def test_that_one_damaged_member_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(3):
            file.writestr(f"{number}.png", png("red", number))
    content = bytearray(path.read_bytes())
    content[content.index(png("red", 1)) + 60] ^= 255
    path.write_bytes(content)
    assert notices(path) == ["Left out of a.zip: damaged files (1)."]
    assert names(path) == ["0.png", "2.png"]


def test_that_any_flipped_byte_and_any_cut_ends_in_a_folder_or_a_sentence(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "whole.zip", ("a/1.png", PNG), ("b/2.png", PNG)).read_bytes()
    packed = tarred(tmp_path / "whole.tar", ("a/1.png", PNG), ("b/2.png", PNG)).read_bytes()
    for content, suffix in ((whole, "zip"), (packed, "tar"), (gzip.compress(packed, mtime=0), "tgz")):
        for step in range(60):
            place = len(content) * step // 60 if step % 2 else len(content) - 1 - step * 9
            damaged = bytearray(content)
            damaged[place] ^= 1 << (step % 8)
            path = tmp_path / f"{step}.{suffix}"
            path.write_bytes(damaged if step % 3 else damaged[:place])
            try:
                assert all(name.endswith(".png") for name in names(path))
            except StudioError as error:
                assert error.message


def test_that_names_in_any_script_are_kept_in_one_form(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("강아지/첫 번째.png", PNG), ("cafe\u0301/🐶.png", PNG))
    assert names(path) == ["caf\u00e9/🐶.png", "강아지/첫 번째.png"]
    path = tarred(tmp_path / "b.tar", ("강아지/첫 번째.png", PNG), ("cafe\u0301/🐶.png", PNG))
    assert names(path) == ["caf\u00e9/🐶.png", "강아지/첫 번째.png"]


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "über/개.png"), ("cp437", "über/ñ.png")])
def test_that_names_without_the_mark_of_utf8_are_read_as_that_or_as_code_page_437(
    tmp_path: Path, encoding: str, name: str
) -> None:
    raw = name.encode(encoding)
    plain = "x" * len(raw)
    path = zipped(tmp_path / "a.zip", (plain, PNG))
    path.write_bytes(path.read_bytes().replace(plain.encode(), raw))
    assert names(path) == [name]


@pytest.mark.skipif(os.name != "posix", reason="Windows names are always Unicode")
def test_that_a_name_in_a_tar_that_is_no_unicode_gets_question_marks(tmp_path: Path) -> None:
    path = tarred(tmp_path / "a.tar", ("caf_.png", PNG))
    content = bytearray(path.read_bytes())
    content[3] = 0xE9
    content[148:156] = b"%06o\0 " % (sum(content[:148]) + 8 * 32 + sum(content[156:512]))
    path.write_bytes(content)
    assert names(path) == ["caf?.png"]


def test_that_backslashes_separate_folders(tmp_path: Path) -> None:
    assert names(zipped(tmp_path / "a.zip", ("a\\b\\1.png", PNG), ("c\\", b""))) == ["a/b/1.png"]


def test_that_of_two_entries_of_one_name_the_later_counts(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile says that the name is there already
        path = zipped(tmp_path / "a.zip", ("a/1.png", png("red")), ("a/1.png", png("blue")))
    assert files(folder_of(path)[0]) == {"a/1.png": png("blue")}


def test_that_two_names_that_mean_one_file_are_both_kept(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("a/1.png", png("red")), ("./a//1.png", png("blue")), ("a\\1.png", PNG))
    assert list(files(folder_of(path)[0])) == ["a/1 (2).png", "a/1 (3).png", "a/1.png"]
    path = tarred(tmp_path / "b.tar", ("a/1.png", png("red")), ("a/1.png", png("blue")))
    assert list(files(folder_of(path)[0])) == ["a/1 (2).png", "a/1.png"]


def test_that_a_name_used_for_a_file_and_a_folder_costs_no_other(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("a.png", PNG), ("a.png/b.png", PNG), ("c.png", PNG))
    assert notices(path)[0].startswith("Left out of a.zip:")
    assert names(path) == ["a.png", "c.png"]


def test_that_names_too_long_for_the_disk_are_cut_and_stay_apart(tmp_path: Path) -> None:
    long = ["강" * 100 + f"{number}.png" for number in range(2)]
    found = names(
        zipped(
            tmp_path / "a.zip", *((f"{'d' * 250}/{name}", PNG) for name in long), ("e" * 230 + ".png", PNG)
        )
    )
    assert len(found) == 3
    assert "e" * 230 + ".png" in found
    assert all(len(part.encode()) <= 255 for name in found for part in name.split("/"))
    assert all(name.endswith(".png") for name in found)
    assert len({name.split("/")[0] for name in found if "/" in name}) == 1


@pytest.mark.parametrize("name", ["/".join("d" * 40) + "/1.png", "/".join(["d" * 240] * 30) + "/1.png"])
def test_that_folders_too_deep_cost_no_other(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "a.zip", (name, PNG), ("a/1.png", PNG))
    assert names(path) == ["a/1.png"]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("aux.png", "_aux.png"),
        ("COM1", "_COM1"),
        ("auxiliary.png", "auxiliary.png"),
        ("what?.png", "what_.png"),
        ("a:b.png", "a_b.png"),
        ("dots. .", "dots"),
        ("...", "_"),
    ],
)
def test_that_windows_gets_no_name_that_means_something_else_there(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str
) -> None:
    monkeypatch.setattr(archive, "_ON_WINDOWS", True)
    assert archive._writable(name) == written
    monkeypatch.setattr(archive, "_ON_WINDOWS", False)
    assert archive._writable(name) == name


def test_that_a_stop_leaves_nothing_behind(dataset_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_BETWEEN", 5)
    control, seen = Control(), 0
    with pytest.raises(Stopped):
        for event in scan(dataset_zip, control):
            assert isinstance(event, Progress)
            seen += 1
            if event.done >= 10:
                control.stop()
    assert 2 < seen < 6
    assert list((archive.data_dir() / "imported").iterdir()) == []


def test_that_a_stop_is_seen_within_a_large_member(tmp_path: Path) -> None:
    for make, name in ((zipped, "a.zip"), (tarred, "a.tar")):
        path = make(tmp_path / name, ("a/1.bmp", os.urandom(3_000_000)))
        control = Control()
        events = unpacked(path, control)
        next(events)
        control.stop()
        with pytest.raises(Stopped):
            next(events)


def test_that_progress_counts_the_images(dataset_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_BETWEEN", 10)
    progress = [event for event in folder_of(dataset_zip)[1] if isinstance(event, Progress)]
    assert {event.text for event in progress} == {"Unpacking discs.zip"}
    assert [event.done for event in progress] == sorted(event.done for event in progress)
    assert progress[-1] == Progress("Unpacking discs.zip", 36, 36)


def test_that_what_a_crash_left_half_unpacked_is_taken_away_a_day_later(dataset_zip: Path) -> None:
    imported = archive.data_dir() / "imported"
    for name, age in ((".part-old", 25 * 3600), (".part-new", 60)):
        (imported / name / "images").mkdir(parents=True)
        os.utime(imported / name, (time.time() - age,) * 2)
    folder, _ = folder_of(dataset_zip)
    assert sorted(path.name for path in imported.iterdir()) == [".part-new", folder.name]


def test_that_two_windows_that_unpack_one_archive_get_one_folder(dataset_zip: Path, dataset: Path) -> None:
    first, second = (unpacked(dataset_zip, Control()) for _ in range(2))
    next(first)
    folder, _ = folder_of(dataset_zip)
    for _ in first:
        pass
    assert list(second) == []
    assert files(folder) == files(dataset)
    assert list((archive.data_dir() / "imported").iterdir()) == [folder]


def test_that_an_archive_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "a.zip", ("a/1.png", PNG))
    real = Path.open

    def refuse(self: Path, *args, **more):
        if self == path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(self, *args, **more)

    monkeypatch.setattr(Path, "open", refuse)
    assert "Permission denied" in refused(path, StudioError)


def test_that_a_wrapped_dataset_with_a_table_is_understood(tmp_path: Path) -> None:
    table = b"filename,label\nimages/1.png,cat\nimages/2.png,dog\n"
    path = zipped(
        tmp_path / "pets.zip",
        ("pets/labels.csv", table),
        ("pets/images/1.png", png("red")),
        ("pets/images/2.png", png("blue")),
    )
    assert catalogue_of(path).counts() == {"cat": 1, "dog": 1}


def test_that_a_second_scan_of_an_archive_knows_its_images(tmp_path: Path) -> None:
    path = zip_of(image_folder(tmp_path / "set", per_class=2), tmp_path / "set.zip")
    first = catalogue_of(path)
    *_, last = scan(path, Control())
    assert isinstance(last, ScanFinished)
    assert last.catalogue == first
    assert all(facts.look is not None for facts in last.facts.values())
