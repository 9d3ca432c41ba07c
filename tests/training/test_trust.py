"""What strangers, disks and people do to a run is met with a sentence, and costs nothing that was whole."""

import contextlib
import ctypes
import itertools
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from tests.images import image_folder, picture
from tests.training.test_resume import SMALL, batch, same, until
from tests.training.test_trainer import config
from tlstudio.errors import BadInput
from tlstudio.evaluation.every_epoch import evaluate
from tlstudio.events import Control, Notice
from tlstudio.models.weights import read_tensors
from tlstudio.runs.index import RunIndex
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import load_model, newest_whole
from tlstudio.training.events import EpochTested, RunFailed, RunFinished
from tlstudio.training.trainer import resume, train

pytestmark = pytest.mark.usefixtures("one_thread")


# The disk -----------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB, half as much again as a run takes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"only some users may mount a disk: {error}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, left: int) -> Path:
    """A file that takes all the room but so many bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(disk).free - left)))
    return ballast


@pytest.mark.parametrize("left", [0, 300_000, 900_000], ids=["nothing", "half a model", "a model"])
def test_that_a_disk_full_of_other_things_ends_a_run_that_goes_on_once_there_is_room(
    dataset: Path, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch, left: int
):
    """The list of runs and the cache are on it too."""
    list(train(config(dataset, **SMALL), Control(), out=tmp_path / "whole"))
    monkeypatch.setenv("TLSTUDIO_HOME", str(small_disk / "home"))
    run = small_disk / "run"
    events = train(config(dataset, **SMALL), Control(), out=run)
    next(event for event in events if batch(2, 1)(event))
    ballast = fill(small_disk, left)
    *_, last = events
    assert isinstance(last, RunFailed)
    assert "No space left on device" in last.message
    assert str(run) in last.message
    assert last.hint.startswith("Is the disk full? Make room there.")
    assert "resume the run" in last.hint
    assert newest_whole(RunFolder.open(run)) in (1, 2)  # the second where its model still fitted

    ballast.unlink()
    *_, last = resume(run, Control())
    assert isinstance(last, RunFinished), last
    same(tmp_path / "whole", run)
    assert RunIndex().rows()[0].status == "finished"


def test_that_a_disk_too_small_from_the_start_is_told_before_any_step(
    dataset: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TLSTUDIO_HOME", str(small_disk / "home"))
    ballast = fill(small_disk, 10_000_000)  # the frozen layers take 40
    *events, last = train(config(dataset, **SMALL), Control(), out=small_disk / "run")
    assert isinstance(last, RunFailed)
    assert f"No space left on device: {small_disk / 'run' / 'frozen.safetensors'}" in last.message
    assert not any(batch(1, 1)(event) for event in events)
    ballast.unlink()
    *_, last = resume(small_disk / "run", Control())
    assert isinstance(last, RunFinished), last


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("rest", ctypes.c_uint32))


@contextlib.contextmanager
def as_anybody() -> Iterator[None]:
    """Let permissions hold for the administrator too, who may otherwise read and write everything."""
    if os.name == "nt":
        pytest.skip("Windows keeps permissions elsewhere")
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("the administrator of this system may do everything")
    system = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(0x20080522, 0), (_Sets * 2)()

    def put(effective: int) -> None:
        sets[0].effective = effective
        if system.capset(ctypes.byref(header), sets):
            pytest.skip("this system does not let the administrator step down")

    system.capget(ctypes.byref(header), sets)
    before = sets[0].effective
    put(before & ~0b110)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
    try:
        yield
    finally:
        put(before)


@pytest.mark.parametrize("lost", ["run", "run/checkpoints", "run/metrics.jsonl"])
def test_that_a_permission_lost_in_mid_run_is_named_and_the_run_goes_on_once_it_is_back(
    dataset: Path, tmp_path: Path, lost: str
):
    list(train(config(dataset, **SMALL), Control(), out=tmp_path / "whole"))
    events = train(config(dataset, **SMALL), Control(), out=tmp_path / "run")
    next(event for event in events if batch(2, 1)(event))
    mode = (tmp_path / lost).stat().st_mode
    with as_anybody():
        (tmp_path / lost).chmod(0o500)
        *_, last = events
        assert isinstance(last, RunFailed)
        assert f"Permission denied: {tmp_path / 'run'}" in last.message
        assert last.hint.startswith("May you no longer read or write there?")
        assert "resume the run" in last.hint
        assert newest_whole(RunFolder.open(tmp_path / "run")) == (2 if lost == "run" else 1)
        *_, again = resume(tmp_path / "run", Control())
        assert isinstance(again, RunFailed) or lost == "run/metrics.jsonl"  # is replaced, not written into
    if not isinstance(again, RunFinished):
        (tmp_path / lost).chmod(mode)
        *_, again = resume(tmp_path / "run", Control())
    assert isinstance(again, RunFinished), again
    same(tmp_path / "whole", tmp_path / "run")


def test_that_an_image_that_may_no_longer_be_read_is_named(dataset: Path, tmp_path: Path):
    shutil.copytree(dataset, tmp_path / "images")
    with as_anybody():  # from the start: what a thread may do is settled when it begins
        events = train(config(tmp_path / "images", **SMALL), Control(), out=tmp_path / "run")
        next(event for event in events if batch(1, 1)(event))
        for image in (tmp_path / "images" / "red").iterdir():
            image.chmod(0)
        *_, last = events
        assert isinstance(last, RunFailed)
        assert str(tmp_path / "images" / "red") in last.message
        assert "permission" in last.message.lower()
        assert last.hint
        for image in (tmp_path / "images" / "red").iterdir():
            image.chmod(0o600)
        *_, last = resume(tmp_path / "run", Control())
        assert isinstance(last, RunFinished)


# Odd images ---------------------------------------------------------------------------------------------


def test_that_two_classes_of_two_images_are_too_few_and_it_is_said_how_many_are_needed(tmp_path: Path):
    for name in ("left", "right"):
        (tmp_path / "few" / name).mkdir(parents=True)
        for number in range(2):
            picture((90, 90, 90), number).save(tmp_path / "few" / name / f"{number}.png")
    *_, last = train(config(tmp_path / "few"), Control())
    assert isinstance(last, RunFailed)
    assert last.bad_input
    assert last.message.startswith("There would be no validation images")
    assert "at least three in each class" in last.hint


def test_that_three_images_a_class_are_enough(tmp_path: Path):
    *_, last = train(config(image_folder(tmp_path / "few", per_class=3), strategy="full"), Control())
    assert isinstance(last, RunFinished)


STRIPS = """
import resource, sys
from pathlib import Path
import torch
from tests.training.test_trainer import config
from tlstudio.config import DataConfig
from tlstudio.events import Control
from tlstudio.training.trainer import train
torch.set_num_threads(1)
for folder in map(Path, sys.argv[1:]):
    asked = config(folder, image_size=224, batch_size=4, epochs=1)
    apart = asked.model_copy(update={"data": DataConfig(root=str(folder), keep_together=False)})
    *_, last = train(apart, Control())
    print(type(last).__name__, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_that_images_of_any_shape_take_no_more_memory_than_usual_ones(tmp_path: Path):
    """A strip of 20,000 to 20 pixels, enlarged until it is 256 wide, would take 200 MB in bytes alone."""
    colours = {"a": (200, 50, 40), "b": (40, 220, 90)}
    shapes = {"usual": [(256, 256)], "odd": [(20_000, 20), (1, 1), (20, 20_000)]}
    for kind, name, number in itertools.product(shapes, ("a", "b"), range(3)):
        (tmp_path / kind / name).mkdir(parents=True, exist_ok=True)
        shape = shapes[kind][number % len(shapes[kind])]
        picture(colours[name], number).resize(shape).save(tmp_path / kind / name / f"{number}.png")
    command = [sys.executable, "-c", STRIPS, *(str(tmp_path / kind) for kind in shapes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    usual, odd = (line.split() for line in done.stdout.splitlines())
    assert (usual[0], odd[0]) == ("RunFinished", "RunFinished")
    assert int(odd[1]) < int(usual[1]) + 100_000  # KiB


# Files from strangers -----------------------------------------------------------------------------------


class Payload:
    """What a stranger may have put into a pickle."""

    def __reduce__(self):
        return os.mkdir, ("pwned",)


def torchscript(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls it deprecated
        torch.jit.script(nn.Linear(3, 2)).save(path)


def write_safetensors(path: Path, header: object, length: int | None = None) -> None:
    """A header that says so, and 40 bytes of data."""
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + bytes(40))


HOSTILE: dict[str, Callable[[Path], object]] = {
    "pickle": lambda path: path.write_bytes(pickle.dumps({"tensors": Payload()}, 2)),
    "pickle among tensors": lambda path: torch.save(
        {"tensors": {"fc.bias": torch.zeros(3)}, "x": Payload()}, path
    ),
    "old pickle": lambda path: torch.save(
        {"tensors": {"fc.bias": Payload()}}, path, _use_new_zipfile_serialization=False
    ),
    "whole module": lambda path: torch.save(nn.Linear(3, 2), path),
    "TorchScript": torchscript,
}
RUNS_CODE = "was not loaded, for a file like that can run code"


@pytest.fixture(scope="module")
def stopped_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``images`` and a ``run`` that was stopped in its third epoch: copy it."""
    place = tmp_path_factory.mktemp("trust")
    images = image_folder(place / "images", per_class=6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(place / "home"))
        control = Control()
        until(train(config(images, **SMALL), control, out=place / "run"), control, batch(3, 1))
    return place


@pytest.fixture
def run(stopped_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A copy of it, in an empty working folder: a payload would leave something in that."""
    shutil.copytree(stopped_run / "run", tmp_path / "run")
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")
    return RunFolder.open(tmp_path / "run")


def nothing_ran() -> bool:
    return not list(Path.cwd().iterdir())


@pytest.mark.parametrize("kind", HOSTILE)
def test_that_weights_with_code_in_them_are_refused_by_name(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")
    path = tmp_path / "evil.pth"
    HOSTILE[kind](path)
    *_, last = train(config(dataset, weights=str(path)), Control())
    assert isinstance(last, RunFailed)
    assert last.bad_input
    assert last.message.startswith(f"{path} {RUNS_CODE}: it ")
    assert ("it is a TorchScript archive" in last.message) == (kind == "TorchScript")
    assert "weights_only" not in last.message  # torch's advice is to run the code
    assert "state_dict()" in last.hint
    assert nothing_ran()


@pytest.mark.parametrize("kind", HOSTILE)
def test_that_a_model_with_code_in_it_is_refused_and_the_newest_whole_one_offered(run: RunFolder, kind: str):
    path = run.checkpoint(2)
    HOSTILE[kind](path)
    offered = "The newest whole model is that of epoch 1: choose that one."
    with pytest.raises(BadInput) as caught:
        load_model(run, 2, torch.device("cpu"))
    assert caught.value.message.startswith(f"{path} {RUNS_CODE}: it ")
    assert caught.value.hint == offered
    *_, last = resume(run.path, Control())
    assert isinstance(last, RunFailed)
    assert (last.message, last.hint) == (caught.value.message, offered)
    events = list(evaluate(run.path, Control()))
    assert [event.epoch for event in events if isinstance(event, EpochTested)] == [1]
    assert [event.text for event in events if isinstance(event, Notice)] == [
        f"{caught.value.message} Epoch 2 is not tested."
    ]
    assert nothing_ran()


@pytest.mark.parametrize("kind", HOSTILE)
def test_that_a_state_with_code_in_it_is_refused(run: RunFolder, kind: str):
    HOSTILE[kind](run.path / "resume.pt")
    *_, last = resume(run.path, Control())
    assert isinstance(last, RunFailed)
    assert last.message.startswith(f"{run.path / 'resume.pt'} was not loaded, for it could run code")
    assert "weights_only" not in last.message
    assert last.hint == "The newest whole model is that of epoch 2: choose that one."
    assert nothing_ran()


F32 = {"dtype": "F32", "shape": [10], "data_offsets": [0, 40]}
LIES: dict[str, tuple[object, int | None]] = {
    "more data than there are": ({"a": F32 | {"shape": [1000], "data_offsets": [0, 4000]}}, None),
    "a shape that is not the data's": ({"a": F32 | {"shape": [1000]}}, None),
    "a shape beyond all numbers": ({"a": F32 | {"shape": [2**62, 8]}}, None),
    "data before the first": ({"a": F32 | {"data_offsets": [-40, 0]}}, None),
    "an end before its beginning": ({"a": F32 | {"data_offsets": [40, 0]}}, None),
    "two tensors in one place": ({"a": F32, "b": F32}, None),
    "a hole": ({"a": F32 | {"shape": [5], "data_offsets": [20, 40]}}, None),
    "a kind of number there is not": ({"a": F32 | {"dtype": "F31"}}, None),
    "a header as long as a disk": ({"a": F32}, 2**40),
    "a header beyond all numbers": ({"a": F32}, 2**64 - 1),
    "no names": ([F32], None),
}


@pytest.mark.parametrize("lie", LIES)
def test_that_a_header_that_lies_is_an_error_that_names_the_file(run: RunFolder, tmp_path: Path, lie: str):
    for path in (tmp_path / "lying.safetensors", run.path / "frozen.safetensors"):
        write_safetensors(path, *LIES[lie])
        with pytest.raises(BadInput, match=r"cannot be read as weights: .+\.$") as caught:
            read_tensors(path)
        assert str(path) in caught.value.message
    with pytest.raises(BadInput, match=r"frozen\.safetensors"):
        load_model(run, 1, torch.device("cpu"))
    *_, last = resume(run.path, Control())
    assert isinstance(last, RunFailed)
    assert last.bad_input
    assert "frozen.safetensors" in last.message


def test_that_frozen_weights_of_another_network_are_refused(run: RunFolder):
    path = run.path / "frozen.safetensors"
    safetensors.torch.save_file({"fc.weight": torch.zeros(1000, 512)}, path)
    with pytest.raises(BadInput, match=r"does not fit the run's network: fc\.weight is not its own\."):
        load_model(run, 1, torch.device("cpu"))


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"PK\x03\x04 and no more"])
def test_that_a_download_that_went_wrong_is_called_damaged_and_not_hostile(tmp_path: Path, content: bytes):
    path = tmp_path / "resnet18.pth"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_tensors(path)
    assert caught.value.message.startswith(f"{path} cannot be read as weights: ")
    assert ("it is empty" in caught.value.message) == (not content)
    assert caught.value.hint == "It may be cut off or of another kind; download or copy it again."


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only some users make links")
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_that_a_run_folder_full_of_links_writes_nothing_where_they_lead(
    run: RunFolder, tmp_path: Path, link: Callable[[Path, Path], None]
):
    outside = tmp_path / "outside"
    outside.mkdir()
    for number, file in enumerate([path for path in run.path.rglob("*") if path.is_file()]):
        file.rename(outside / f"{number}-{file.name}")
        link(outside / f"{number}-{file.name}", file)
    for name in ("result.json", "test.json", "checkpoints/epoch-0003.pt"):  # what is still to come
        (run.path / name).unlink(missing_ok=True)
        (run.path / name).symlink_to(outside / f"made-{Path(name).name}")
    before = {path: path.read_bytes() for path in outside.iterdir()}
    *_, last = resume(run.path, Control())
    assert isinstance(last, RunFinished), last
    list(evaluate(run.path, Control()))
    assert {path: path.read_bytes() for path in outside.iterdir()} == before
