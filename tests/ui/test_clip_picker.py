"""The choice of a CLIP model."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.zeroshot.test_catalogue import put_into_cache
from tlstudio.ui.widgets import clip_picker
from tlstudio.ui.widgets.clip_picker import _DETAIL, ClipPicker
from tlstudio.zeroshot.catalogue import clip_models
from tlstudio.zeroshot.store import EmbeddingStore


@pytest.fixture
def picker(theme, qtbot) -> ClipPicker:
    picker = ClipPicker()
    qtbot.addWidget(picker)
    picker.show()
    qtbot.waitExposed(picker)
    return picker


def _pick(picker: ClipPicker, words: str) -> None:
    row = picker.combo.findText(words)
    picker.combo.setCurrentIndex(row)
    picker.combo.activated.emit(row)


def _row(model: str) -> int:
    return next(row for row, one in enumerate(clip_models()) if one.model == model)


def test_that_the_list_says_what_each_model_costs_and_where_it_is(picker: ClipPicker, home: Path) -> None:
    put_into_cache(home / "hub", clip_models()[1].repo_id, "open_clip_model.safetensors", b"weights")
    EmbeddingStore().note_speed("RN50-quickgelu", 12.34)
    picker.combo.showPopup()
    picker.combo.hidePopup()
    details = [picker.combo.itemData(row, _DETAIL) for row in range(len(clip_models()))]
    assert details[0] == "to download · 605 MB · MIT"
    assert details[1] == "on this machine · 605 MB · MIT"
    assert details[_row("RN50-quickgelu")] == "to download · 408 MB · 12 images/s here · MIT"


def test_that_a_model_whose_package_is_missing_says_which(
    picker: ClipPicker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_picker, "missing_package", lambda model: model.needs)
    _pick(picker, "SigLIP2 B/16, many languages")
    assert picker.state.startswith("It wants the package transformers: pip install transformers")


def test_that_any_other_model_is_chosen_by_name(picker: ClipPicker, qtbot) -> None:
    assert not picker.name.isVisible()
    with qtbot.waitSignal(picker.names_wanted):
        _pick(picker, "Another by name…")
    assert picker.name.isVisible()
    assert picker.model == ""  # the page asks for one
    picker.offer_names(["ViT-L-14/openai", "RN101/openai"])
    assert picker.name.completer().model().rowCount() == 2
    with qtbot.waitSignal(picker.changed):
        picker.name.setText("RN101/openai")
        QTest.keyClick(picker.name, Qt.Key.Key_Return)
    assert (picker.model, picker.pretrained) == ("RN101", "openai")
    assert picker.combo.currentText() == "RN101/openai"
    assert "Downloaded on first use" in picker.state


def test_that_a_folder_is_a_model(picker: ClipPicker, tmp_path: Path, qtbot) -> None:
    with qtbot.waitSignal(picker.changed):
        picker.choose_folder(str(tmp_path))
    assert (picker.model, picker.pretrained) == (f"local-dir:{tmp_path}", "")
    assert picker.combo.currentText() == tmp_path.name
    assert picker.state == str(tmp_path)
    assert not picker.architecture.isVisible()


def test_that_a_choice_comes_back_while_it_is_there(picker: ClipPicker, tmp_path: Path) -> None:
    for model, pretrained in (("RN101", "openai"), (f"local-dir:{tmp_path}", ""), ("ViT-B-16", "none")):
        picker.set_choice(model, pretrained)
        assert (picker.model, picker.pretrained) == (model, pretrained)
    picker.set_choice("local-dir:/nowhere at all", "")
    picker.set_choice("ViT-B-32", "/nowhere/weights.bin")
    assert (picker.model, picker.pretrained) == ("ViT-B-16", "none")
    picker.set_choice("ViT-B-32", "laion2b_s34b_b79k")
    assert picker.combo.currentIndex() == 0
    assert not picker.name.isVisible()
