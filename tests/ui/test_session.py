"""What the pages share: what of it goes into a run, and what a run that is shown brings back."""

import pytest

from tlstudio.config import DataConfig, FreezePlan, RunConfig, Stage, Strategy
from tlstudio.ui.session import Session

DATA = DataConfig(root="images")
STAGES = tuple(
    Stage(name=name, epochs=epochs, lr=0.01, plan=FreezePlan(trainable=(name,)), continues=continues)
    for name, epochs, continues in (("head", 2, False), ("layer4", 3, True))
)


def made(session: Session) -> RunConfig:
    return RunConfig(data=DATA, **session.run_fields())


def test_that_edited_stages_and_rates_go_into_the_run(session: Session) -> None:
    session.set_strategy(Strategy.STAGED, 1)
    session.set_stages(STAGES)
    session.set_rates({"layer4": 1e-4})
    config = made(session)
    assert (config.stages, config.epochs, config.rates) == (STAGES, 5, {"layer4": 1e-4})


def test_that_edited_stages_wait_while_another_strategy_is_chosen(session: Session) -> None:
    session.set_strategy(Strategy.STAGED, 1)
    session.set_stages(STAGES)
    session.set_strategy(Strategy.FULL)
    assert made(session).stages == ()
    session.set_strategy(Strategy.STAGED, 1)
    assert made(session).stages == STAGES


def test_that_a_model_used_as_it_is_has_no_rates(session: Session) -> None:
    session.set_rates({"layer4": 1e-4})
    session.set_strategy(Strategy.AS_IS)
    assert made(session).rates == {}


def test_that_edits_belong_to_their_network(session: Session) -> None:
    session.set_stages(STAGES)
    session.set_rates({"layer4": 1e-4})
    session.set_architecture(session.arch, "none")
    assert (session.stages, session.rates) == (STAGES, {"layer4": 1e-4})
    session.set_architecture("vgg11", "none")
    assert (session.stages, session.rates) == ((), {})


@pytest.mark.parametrize("strategy", [Strategy.STAGED, Strategy.FULL, Strategy.SCRATCH])
def test_that_a_shown_run_brings_its_stages_and_rates(session: Session, strategy: Strategy) -> None:
    config = RunConfig(data=DATA, weights="none", strategy=strategy, stages=STAGES, rates={"layer4": 1e-4})
    session.set_run(config, STAGES)
    assert session.strategy is Strategy.STAGED
    again = made(session)
    assert (again.stages, again.rates, again.weights) == (STAGES, {"layer4": 1e-4}, "none")


def test_that_a_shown_run_with_usual_stages_takes_edited_ones_away(session: Session, qtbot) -> None:
    session.set_strategy(Strategy.STAGED, 1)
    session.set_stages(STAGES)
    with qtbot.waitSignal(session.model_changed):
        session.set_run(RunConfig(data=DATA, strategy=Strategy.STAGED), STAGES)
    assert session.stages == ()


def test_that_what_does_not_change_is_not_told(session: Session, qtbot) -> None:
    session.set_schedule(9, 0.01, 0.5)
    session.set_rates({"layer4": 1e-4})
    for signal in (session.model_changed, session.schedule_changed):
        with qtbot.assertNotEmitted(signal):
            session.set_schedule(9, 0.01, 0.5)
            session.set_rates({"layer4": 1e-4})
            session.set_stages(())
