"""`tlstudio estimate` and `tlstudio find-lr`: what is asked before a training."""

import io

import pytest
from rich.console import Console

from tests.cli.conftest import Cli
from tlstudio.cli import tables
from tlstudio.config import Augmentation
from tlstudio.runs.index import RunIndex
from tlstudio.training.events import EpochTimes, LrTried, TimesEstimated

Options = tuple[object, ...]


def drawn(table: object) -> list[str]:
    screen = io.StringIO()
    Console(file=screen, width=120).print(table)
    return [line.rstrip() for line in screen.getvalue().splitlines()]


def test_that_an_estimate_is_one_event_for_programs(cli: Cli, small: Options):
    ran = cli("estimate", *small, "--json")
    assert (ran.status, ran.err) == (0, "")
    (line,) = ran.lines()
    assert line["event"] == "times_estimated"
    assert (line["asked"]["augmentation"], line["asked"]["views"]) == ("none", 1)
    assert all(times["total"] > times["first_epoch"] > 0 for times in (line["asked"], *line["others"]))
    assert RunIndex().rows() == ()


def test_that_an_estimate_for_people_is_a_table_with_what_was_asked_first(cli: Cli, small: Options):
    ran = cli("estimate", *small, "--strategy", "full")
    assert (ran.status, ran.err) == (0, "")
    rows = [line for line in ran.out.splitlines() if line.startswith("│")]
    assert "none" in rows[0]
    assert any("light, new each epoch" in row for row in rows)
    assert "as asked" in rows[0]
    assert [sum(word in row for row in rows) for word in ("as asked", "none", "kept")] == [1, 1, 0]


def test_that_a_run_of_one_epoch_has_no_later_one():
    times = EpochTimes(Augmentation.NONE, 1, 12.4, 0.0, 75.0)
    (row,) = [line for line in drawn(tables.times(TimesEstimated(times, ()))) if line.startswith("│")]
    assert [cell.strip() for cell in row.split("│")[1:-1]] == [
        *("none", "12 s", "–", "1 min 15 s", "as asked"),
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_how_seconds_are_said(seconds: float, said: str):
    assert tables.duration(seconds) == said


def test_that_a_sweep_is_an_event_a_step_and_a_suggestion_for_programs(cli: Cli, small: Options):
    ran = cli("find-lr", *small, "--augmentation", "none", "--json")
    assert (ran.status, ran.err) == (0, "")
    *tried, suggested = ran.lines()
    assert {line["event"] for line in tried} == {"lr_tried"}
    assert suggested["event"] == "lr_suggested"
    assert tried[0]["lr"] < suggested["lr"] < tried[-1]["lr"]
    assert RunIndex().rows() == ()


def test_that_a_sweep_for_people_is_a_chart_and_an_option_to_copy(cli: Cli, small: Options):
    ran = cli("find-lr", *small, "--augmentation", "none")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.count("← falls fastest") == 1
    assert ran.out.splitlines()[-1].startswith("The loss falls fastest at ")
    assert " --lr " in ran.out.splitlines()[-1]


def test_that_a_chart_has_the_rates_in_order_bars_as_high_as_the_loss_and_one_mark():
    tried = [LrTried(10 ** (step / 10 - 4), 3 - step / 60) for step in range(60)]
    lines = drawn(tables.lr_curve(tried, suggested=1e-2))[2:]
    rates = [float(line.split()[0]) for line in lines]
    bars = [line.count("█") for line in lines]
    assert rates == sorted(rates)
    assert (rates[0], rates[-1]) == (1.0e-4, 7.9e1)
    assert len(rates) <= 26
    assert bars == sorted(bars, reverse=True)
    assert (bars[0], bars[-1]) == (40, 1)
    (marked,) = [line for line in lines if "←" in line]
    assert float(marked.split()[0]) == pytest.approx(1e-2, rel=0.3)


@pytest.mark.parametrize("command", ["estimate", "find-lr"])
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--epochs", "0"], "--epochs must be at least 1, not 0."),
        (["--stage", "fc"], "--stage fc is not PATHS:EPOCHS:LR"),
        (["--arch", "resnet19"], "There is no architecture 'resnet19'."),
        (["--data", "/nowhere/at/all"], "There is no folder /nowhere/at/all."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_that_bad_input_exits_2_with_a_sentence(
    cli: Cli, small: Options, command: str, words: list[str], sentence: str
):
    ran = cli(command, *small, *words, "--json")
    assert (ran.status, ran.out) == (2, "")
    assert sentence in ran.err
