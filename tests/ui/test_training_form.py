"""The training form, through its widgets: what it says, what it takes over, what gives way to what."""

from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QWidget

from tests.ui.controls import check_controls
from tlstudio.config import Augmentation, DataConfig, FreezePlan, RunConfig, Stage, Strategy
from tlstudio.preferences import preferences
from tlstudio.training.events import EpochTimes, TimesEstimated
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.training_form import TrainingForm

DATA = DataConfig(root="images")
UNUSUAL: dict[str, Any] = {
    "epochs": 7,
    "lr": 0.02,
    "batch_size": 16,
    "optimizer": "sgd",
    "schedule": "one-cycle",
    "warmup": 0.05,
    "lr_decay": 0.4,
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "mix": "cutmix",
    "early_stopping": 3,
    "accumulate": 4,
    "clip_norm": 1.0,
    "ema": 0.999,
    "batch_norm": "keep",
    "image_size": 96,
    "augmentation": "strong",
    "views": 6,
    "balance": "sampling",
    "device": "cpu",
    "precision": "bfloat16",
    "features": "float16",
    "keep": 5,
    "seed": 9,
}
STAGES = tuple(
    Stage(name=name, epochs=epochs, lr=0.01, plan=FreezePlan(trainable=("head",)))
    for name, epochs in (("head", 2), ("all", 3))
)


@pytest.fixture
def form(theme: Theme, qtbot) -> TrainingForm:
    form = TrainingForm(theme)
    qtbot.addWidget(form)
    form.resize(300, 1600)
    form.show()
    qtbot.waitExposed(form)
    return form


def open_all(form: TrainingForm) -> None:
    for fold in form.folds.values():
        QTest.mouseClick(fold.button, Qt.MouseButton.LeftButton)


def made(form: TrainingForm) -> RunConfig:
    return RunConfig(data=DATA, **form.values())


def ways(form: TrainingForm) -> list[str]:
    combo = form.augmentation.combo
    return [combo.itemText(row) for row in range(combo.count())]


def choose(form: TrainingForm, row: int) -> None:
    form.augmentation.combo.setCurrentIndex(row)


def estimated(views: int = 4, *, kept: float = 80.0, new: float = 200.0) -> TimesEstimated:
    def times(augmentation: Augmentation, views: int, first: float, later: float, total: float) -> EpochTimes:
        return EpochTimes(augmentation, views, first, later, total)

    return TimesEstimated(
        times(Augmentation.LIGHT, views, 4.2, 0.31, kept),
        (
            times(Augmentation.NONE, 1, 1.1, 0.2, 1.9),
            times(Augmentation.LIGHT, 0, 40.0, 40.2, new),
            times(Augmentation.STRONG, views, 4.2, 0.31, kept),
            times(Augmentation.STRONG, 0, 40.0, 40.2, 3800.0),
        ),
    )


# What it takes and gives


def test_that_it_starts_from_the_defaults_of_a_run(form: TrainingForm) -> None:
    assert made(form) == RunConfig(data=DATA)


def test_that_a_run_comes_back_field_by_field(form: TrainingForm) -> None:
    form.set_values(RunConfig(data=DATA, **UNUSUAL).model_dump(mode="json"))
    assert form.values() == UNUSUAL
    form.reset()
    assert made(form) == RunConfig(data=DATA)


@pytest.mark.parametrize("keep", ["all", "best-and-last", 3])
def test_that_the_models_that_are_kept_come_back(form: TrainingForm, keep: object) -> None:
    form.set_values({"keep": keep})
    assert form.values()["keep"] == keep


def test_that_values_remembered_by_an_older_version_are_taken(form: TrainingForm) -> None:
    form.set_values({"epochs": 9, "lr": 0.005, "augmentation": "strong", "optimizer": "sgd"})
    values = form.values()
    assert (values["epochs"], values["lr"], values["optimizer"]) == (9, 0.005, "sgd")
    assert (values["augmentation"], values["views"]) == ("strong", 4)


@pytest.mark.parametrize("nonsense", ["many", [], {}, -3, 10**20, float("inf"), float("nan"), True], ids=repr)
def test_that_nonsense_leaves_a_form_that_makes_a_run(form: TrainingForm, nonsense: object) -> None:
    form.set_values(dict.fromkeys(UNUSUAL, nonsense))
    assert made(form).epochs == form.epochs.value()


def test_that_the_fields_of_the_folds_are_those_of_the_run(form: TrainingForm) -> None:
    open_all(form)
    QTest.keyClicks(form.field("clip_norm"), "0.5")
    QTest.keyClicks(form.field("ema"), "0.99")
    form.warmup.setValue(10)
    config = made(form)
    assert (config.clip_norm, config.ema, config.warmup) == (0.5, 0.99, 0.1)


def test_that_what_is_empty_or_off_is_none(form: TrainingForm) -> None:
    form.set_values(UNUSUAL)
    for key in ("clip_norm", "ema", "lr"):
        form.field(key).clear()  # type: ignore[attr-defined]
    form.early_stopping.setValue(0)
    form.image_size.setValue(0)
    values = form.values()
    assert [values[key] for key in ("clip_norm", "ema", "lr", "early_stopping", "image_size")] == [None] * 5


def test_that_each_change_is_told_once_it_is_over(form: TrainingForm, qtbot) -> None:
    with qtbot.waitSignal(form.edited):
        choose(form, 1)
    with qtbot.waitSignal(form.edited):
        form.field("views").setValue(8)  # type: ignore[attr-defined]


# What it says


def test_that_a_fold_says_how_much_in_it_was_changed(form: TrainingForm) -> None:
    fold = form.folds["Regularisation"]
    assert fold.button.text() == "Regularisation"
    form.set_values({"label_smoothing": 0.1, "mix": "mixup"})
    assert fold.button.text() == "Regularisation · 2 changed"


def test_that_every_field_says_what_it_does(form: TrainingForm) -> None:
    open_all(form)
    fields = [*map(form.field, UNUSUAL), form.field("keep_every"), form.find_button]
    assert [field.accessibleName() for field in fields if len(field.accessibleDescription()) < 20] == []
    assert [field.accessibleName() for field in fields if not field.toolTip()] == []


def test_that_what_a_batch_norm_does_is_said_in_sight(form: TrainingForm) -> None:
    open_all(form)
    update = form.batch_norm_words.text()
    form.choices["batch_norm"].setCurrentIndex(1)
    assert form.batch_norm_words.isVisible()
    assert "Keep:" in form.batch_norm_words.text()
    assert "Update:" in update


def test_that_the_number_of_epochs_between_models_is_asked_only_where_it_counts(form: TrainingForm) -> None:
    open_all(form)
    assert not form.keep_every.isVisible()
    form.choices["keep"].setCurrentIndex(form.choices["keep"].findData("every"))
    assert form.keep_every.isVisible()


def test_that_a_model_used_as_it_is_leaves_only_what_concerns_it(form: TrainingForm) -> None:
    open_all(form)
    form.show_strategy(Strategy.AS_IS)
    enabled = [key for key in UNUSUAL if form.field(key).isEnabled() and key != "augmentation"]
    assert enabled == ["batch_size", "image_size", "device", "precision", "seed"]
    assert not form.augmentation.combo.isEnabled()
    assert not form.find_button.isEnabled()
    form.show_strategy(Strategy.PARTIAL)
    assert form.field("ema").isEnabled()
    assert form.find_button.isEnabled()


def test_that_edited_stages_say_the_epochs_and_the_rates(form: TrainingForm) -> None:
    form.epochs.setValue(9)
    form.show_strategy(Strategy.STAGED, STAGES)
    assert (form.epochs.value(), form.epochs.isEnabled()) == (5, False)
    assert "2 + 3" in form.epochs.toolTip()
    assert (form.lr.placeholderText(), form.lr.isEnabled()) == ("By stage", False)
    assert not form.find_button.isEnabled()


def test_that_the_own_number_of_epochs_outlives_edited_stages(form: TrainingForm) -> None:
    form.epochs.setValue(9)
    form.show_strategy(Strategy.STAGED, STAGES)
    form.choices["optimizer"].setCurrentIndex(1)
    assert form.values()["epochs"] == 9
    form.show_strategy(Strategy.STAGED)
    assert (form.epochs.value(), form.epochs.isEnabled()) == (9, True)


def test_that_a_rate_is_asked_for_and_entered(form: TrainingForm, qtbot) -> None:
    with qtbot.waitSignal(form.find_lr_wanted):
        QTest.mouseClick(form.find_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(form.edited):
        form.set_lr(0.0034217)
    assert form.values()["lr"] == 0.0034


def test_that_scrolling_past_a_list_does_not_change_it(form: TrainingForm) -> None:
    combo: QComboBox = form.choices["optimizer"]
    place = QPointF(combo.rect().center())
    turn = QWheelEvent(
        place,
        combo.mapToGlobal(place),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(combo, turn)
    assert combo.currentIndex() == 0


def test_that_every_control_has_a_name_and_is_reached_by_tab(form: TrainingForm) -> None:
    open_all(form)
    check_controls(form)


# Augmentation


def test_that_each_way_of_varying_images_is_one_choice(form: TrainingForm) -> None:
    assert ways(form) == [
        "None",
        "Light, 4 kept views",
        "Light, new each epoch",
        "Strong, 4 kept views",
        "Strong, new each epoch",
    ]
    found = []
    for row in range(5):
        choose(form, row)
        found.append((form.values()["augmentation"], form.values()["views"]))
    assert found == [("none", 4), ("light", 4), ("light", 0), ("strong", 4), ("strong", 0)]


def test_that_the_number_of_kept_views_is_said_and_kept_while_none_are(form: TrainingForm) -> None:
    form.field("views").setValue(8)  # type: ignore[attr-defined]
    assert "Light, 8 kept views" in ways(form)
    form.set_values({"augmentation": "light", "views": 0})
    assert form.augmentation.combo.currentText() == "Light, new each epoch"
    choose(form, 1)
    assert form.values()["views"] == 8


def test_that_the_number_of_views_can_be_set_only_where_they_are_kept(form: TrainingForm) -> None:
    enabled: list[bool] = []
    views: QWidget = form.field("views")
    for row in range(3):
        choose(form, row)
        enabled.append(views.isEnabled())
    assert enabled == [False, True, False]


def test_that_times_stand_beside_each_way_and_of_the_chosen_beneath_it(form: TrainingForm) -> None:
    choose(form, 1)
    form.show_times(estimated())
    assert ways(form) == [
        "None · 1.9 s",
        "Light, 4 kept views · 1:20 min",
        "Light, new each epoch · 3:20 min",
        "Strong, 4 kept views · 1:20 min",
        "Strong, new each epoch · 1:03:20 h",
    ]
    assert form.augmentation.time.text() == "About 4 s the first epoch, 0.3 s each after it."
    choose(form, 2)
    assert form.augmentation.time.text() == "About 40 s an epoch."
    form.show_times(None)
    assert ways(form)[1] == "Light, 4 kept views"
    assert not form.augmentation.time.isVisible()


def test_that_times_of_another_number_of_views_are_not_shown(form: TrainingForm) -> None:
    form.show_times(estimated(views=8))
    assert ways(form)[1:3] == ["Light, 4 kept views", "Light, new each epoch · 3:20 min"]


def test_that_where_nothing_is_frozen_kept_views_are_said_to_mean_nothing(form: TrainingForm) -> None:
    choose(form, 1)
    assert "frozen layers see only once" in form.augmentation.meaning.text()
    form.show_strategy(Strategy.FULL)
    assert form.augmentation.meaning.text().startswith("Nothing is frozen")
    assert not form.field("views").isEnabled()
    form.show_strategy(Strategy.HYBRID)
    assert "frozen layers see only once" in form.augmentation.meaning.text()
    anew = (EpochTimes(how, 0, 40.0, 40.2, 200.0) for how in (Augmentation.LIGHT, Augmentation.STRONG))
    form.show_times(TimesEstimated(next(anew), (EpochTimes(Augmentation.NONE, 1, 1.1, 0.2, 1.9), *anew)))
    assert form.augmentation.meaning.text().startswith("Nothing is frozen")
    assert ways(form)[1:3] == ["Light, 4 kept views · 3:20 min", "Light, new each epoch · 3:20 min"]


def test_that_a_run_of_few_epochs_in_which_kept_views_save_no_time_is_not_taken_for_unfrozen(
    form: TrainingForm,
) -> None:
    choose(form, 1)
    form.show_times(estimated(kept=200.0, new=200.0))
    assert "frozen layers see only once" in form.augmentation.meaning.text()


def test_that_a_model_used_as_it_is_tells_its_time_alone(form: TrainingForm) -> None:
    form.show_strategy(Strategy.AS_IS)
    form.show_times(TimesEstimated(EpochTimes(Augmentation.LIGHT, 4, 12.0, 0.0, 12.0), ()))
    assert form.augmentation.time.text() == "About 12 s."
    assert ways(form)[1] == "Light, 4 kept views"
    assert not form.augmentation.meaning.isVisible()


def test_that_the_limit_of_the_cache_is_the_machine_s_and_no_run_s(form: TrainingForm) -> None:
    form.field("cache").setValue(3)  # type: ignore[attr-defined]
    assert preferences().cache_gb == 3
    assert "cache" not in form.values()
