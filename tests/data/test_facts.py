"""What was found of images is kept between openings, holds only for the same file, and can always be lost."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.images import image_folder
from tlstudio.data import facts as module
from tlstudio.data import scan as scanning
from tlstudio.data.facts import Facts, FactStore, Look
from tlstudio.data.listing import ListedFile
from tlstudio.data.scan import CheckFinished, ScanFinished, check, read_folder, scan
from tlstudio.errors import UnreadableImage
from tlstudio.events import Control
from tlstudio.paths import cache_dir

LOOK = Look(bytes(range(32)), -(2**63), 0.25, 0.125, 1e-9)
SEEN = Facts(123, 1_700_000_000_123_456_789, 640, 480, "", LOOK)
BAD = Facts(0, 5, 0, 0, "empty file")
ROOT = Path("/pictures")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the files that are opened, for their headers or wholly."""
    names: list[str] = []
    for step in ("image_size", "look_at"):
        real = getattr(scanning, step)

        def noted(path: Path, real=real):
            names.append(path.name)
            return real(path)

        monkeypatch.setattr(scanning, step, noted)
    return names


def scanned(root: Path) -> ScanFinished:
    *_, last = scan(root, Control())
    assert isinstance(last, ScanFinished)
    return last


def read(root: Path) -> CheckFinished:
    *_, last = read_folder(root, Control())
    assert isinstance(last, CheckFinished)
    return last


def test_that_facts_come_back_as_they_were_kept_by_folder() -> None:
    store = FactStore()
    store.keep(ROOT, {"a/1.jpg": SEEN, "a/강아지 🐶.jpg": BAD})
    store.keep(Path("/others"), {"a/1.jpg": BAD})
    assert FactStore().known(ROOT) == {"a/1.jpg": SEEN, "a/강아지 🐶.jpg": BAD}
    assert FactStore().known(Path("/nowhere")) == {}


def test_that_newer_facts_replace_older_ones_and_those_of_gone_files_are_dropped() -> None:
    store = FactStore()
    store.keep(ROOT, {"a.jpg": BAD, "b.jpg": BAD})
    store.keep(ROOT, {"a.jpg": SEEN}, gone=["b.jpg"])
    assert store.known(ROOT) == {"a.jpg": SEEN}


def test_that_facts_hold_for_a_file_of_the_same_size_and_time_alone() -> None:
    assert SEEN.of(ListedFile("x", SEEN.size, SEEN.mtime))
    assert not SEEN.of(ListedFile("x", SEEN.size + 1, SEEN.mtime))
    assert not SEEN.of(ListedFile("x", SEEN.size, SEEN.mtime + 1))


def test_that_a_second_opening_opens_no_image(tmp_path: Path, opened: list[str]) -> None:
    root = image_folder(tmp_path / "set", per_class=2)
    first = read(root)
    assert len(opened) == 12  # six headers, six images
    opened.clear()
    assert read(root) == first
    assert opened == []


def test_that_only_a_changed_file_is_looked_at_again(tmp_path: Path, opened: list[str]) -> None:
    root = image_folder(tmp_path / "set", per_class=2)
    before = read(root)
    opened.clear()
    file = root / "red/01.png"
    status = file.stat()
    file.write_bytes((root / "blue/00.png").read_bytes())
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    after = read(root)
    assert opened == ["01.png", "01.png"]
    assert after.facts["red/01.png"].look == before.facts["blue/00.png"].look
    assert after.catalogue.fingerprint() != before.catalogue.fingerprint()


def test_that_a_file_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "set", per_class=2)
    read(root)
    (root / "red/01.png").unlink()
    assert "red/01.png" not in scanned(root).facts
    assert "red/01.png" not in FactStore().known(root)


def test_that_a_file_that_cannot_be_decoded_is_known_the_second_time(
    tmp_path: Path, opened: list[str]
) -> None:
    root = image_folder(tmp_path / "set", per_class=2)
    file = root / "red/00.png"
    file.write_bytes(file.read_bytes()[:-300])
    assert [(one.path, one.reason) for one in read(root).catalogue.set_aside] == [("red/00.png", "truncated")]
    opened.clear()
    assert [one.path for one in scanned(root).catalogue.set_aside] == ["red/00.png"]
    assert opened == []


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        ("no permission", True),
        ("not enough memory", True),
        ("stale file handle", True),
        ("there is no such file", True),
        ("damaged", False),
        ("too large, 20,000 x 20,000 pixels where at most 89 million fit", False),
    ],
)
def test_that_a_reason_that_may_pass_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str, again: bool
) -> None:
    root = image_folder(tmp_path / "set", per_class=2)
    with monkeypatch.context() as patch:
        real = scanning.image_size

        def image_size(path: Path) -> tuple[int, int]:
            if path.name == "01.png" and path.parent.name == "red":
                raise UnreadableImage(str(path), reason)
            return real(path)

        patch.setattr(scanning, "image_size", image_size)
        assert [one.reason for one in scanned(root).catalogue.set_aside] == [reason]
    set_aside = scanned(root).catalogue.set_aside
    assert [one.reason for one in set_aside] == ([] if again else [reason])


def test_that_what_was_found_before_a_stop_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    root = image_folder(tmp_path / "set", per_class=4)
    monkeypatch.setattr(scanning, "_CHUNK", 2)
    monkeypatch.setattr(scanning, "_KEEP_EVERY", 4)
    events = check(scanned(root), Control())
    opened.clear()
    while len(opened) < 6:
        next(events)
    events.close()
    kept = [facts for facts in FactStore().known(root).values() if facts.look is not None]
    assert len(kept) == 4


@pytest.mark.parametrize("content", [b"no database at all" * 400, b""])
def test_that_a_damaged_store_is_forgotten_and_made_anew(content: bytes) -> None:
    FactStore().keep(ROOT, {"a.jpg": SEEN})
    for file in cache_dir().iterdir():
        file.write_bytes(content)
    assert FactStore().known(ROOT) == {}
    FactStore().keep(ROOT, {"a.jpg": SEEN})
    assert FactStore().known(ROOT) == {"a.jpg": SEEN}


def test_that_a_store_damaged_in_its_middle_never_stops_a_scan(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "set", per_class=2)
    first = scanned(root)
    many = {f"{number}.jpg": SEEN for number in range(2_000)}
    FactStore().keep(ROOT, many)
    file = cache_dir() / "images.sqlite"
    content = bytearray(file.read_bytes())
    content[8_192:] = b"\x55" * (len(content) - 8_192)
    file.write_bytes(content)
    assert scanned(root).catalogue == first.catalogue
    FactStore().known(ROOT)
    FactStore().keep(ROOT, {"a.jpg": SEEN})
    assert FactStore().known(ROOT)["a.jpg"] == SEEN


def test_that_a_store_of_another_version_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    FactStore().keep(ROOT, {"a.jpg": SEEN})
    monkeypatch.setattr(module, "_VERSION", 2)
    assert FactStore().known(ROOT) == {}
    FactStore().keep(ROOT, {"b.jpg": SEEN})
    assert FactStore().known(ROOT) == {"b.jpg": SEEN}


def test_that_a_store_that_another_program_holds_costs_what_is_known_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = image_folder(tmp_path / "set", per_class=2)
    first = scanned(root)
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    with closing(sqlite3.connect(cache_dir() / "images.sqlite")) as other:
        other.execute("pragma locking_mode = exclusive")
        other.execute("begin exclusive")
        other.execute("delete from files where path = ''")
        assert scanned(root).catalogue == first.catalogue
    assert FactStore().known(root) == first.facts


def test_that_a_cache_folder_that_cannot_be_made_costs_no_more_than_that(tmp_path: Path, home: Path) -> None:
    root = image_folder(tmp_path / "set", per_class=2)
    (home / "cache").write_text("a file where the folder should be")
    assert len(read(root).catalogue.images) == 6


def test_that_threads_that_open_a_new_store_at_once_all_keep_theirs() -> None:
    start = threading.Barrier(8)

    def keep(number: int) -> None:
        start.wait()
        FactStore().keep(Path(f"/{number}"), {"a.jpg": SEEN})

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [FactStore().known(Path(f"/{number}")) for number in range(8)] == [{"a.jpg": SEEN}] * 8


def test_that_processes_that_write_at_once_all_keep_theirs() -> None:
    program = (
        "import sys; from pathlib import Path; from tlstudio.data.facts import Facts, FactStore\n"
        "for number in range(20): FactStore().keep(Path(sys.argv[1]), {str(number): Facts(1, 2, 3, 4)})"
    )
    started = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", program, root]) for root in ("/one", "/two")
    ]
    assert [process.wait(60) for process in started] == [0, 0]
    for root in ("/one", "/two"):
        assert FactStore().known(Path(root)) == {str(number): Facts(1, 2, 3, 4) for number in range(20)}


def test_that_folders_not_opened_for_long_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FOLDERS_KEPT", 3)
    times = iter(range(100))
    monkeypatch.setattr(module.time, "time", lambda: next(times))
    store = FactStore()
    for number in range(3):
        store.keep(Path(f"/{number}"), {"a.jpg": SEEN})
    store.keep(Path("/0"), {})  # opened again, with nothing new
    store.keep(Path("/3"), {"a.jpg": SEEN})
    assert [len(store.known(Path(f"/{number}"))) for number in range(4)] == [1, 0, 1, 1]
    with closing(sqlite3.connect(cache_dir() / "images.sqlite")) as connection:
        assert connection.execute("select count(*) from files").fetchone() == (3,)


def test_that_opening_an_unchanged_folder_counts_as_opening_it(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "set", per_class=2)
    seen: list[float] = []
    for _ in range(2):
        scanned(root)
        with closing(sqlite3.connect(cache_dir() / "images.sqlite")) as connection:
            seen.append(connection.execute("select seen from folders").fetchone()[0])
    assert seen[1] > seen[0]
