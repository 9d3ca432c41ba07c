"""What `evaluate` prints for people of one epoch's model, after the table of all."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tlstudio.evaluation.metrics import Estimate
from tlstudio.evaluation.one_epoch_events import EpochEvaluated, Judged


def print_evaluated(evaluated: EpochEvaluated) -> None:
    """Headline figures with their intervals, a line for each class, and what to make of them."""
    console = Console(highlight=False, soft_wrap=True)
    narrow = not console.is_terminal
    console.print(_headlines(evaluated), soft_wrap=narrow)
    console.print(_classes(evaluated.test, evaluated.classes), soft_wrap=narrow)
    temperature = evaluated.temperature
    after = (
        "no temperature can be fitted on this validation set"
        if temperature.limited
        else f"{temperature.ece_after:.3f} with temperature {temperature.value:.2f}, fitted on validation"
    )
    console.print(f"Calibration error on test {temperature.ece_before:.3f}; {after}.")
    console.print(evaluated.why)
    hindsight = next((row for row in evaluated.table if row.epoch == evaluated.hindsight), None)
    if hindsight is not None and evaluated.hindsight != evaluated.chosen:
        console.print(
            f"Hindsight would have picked epoch {hindsight.epoch} ({hindsight.test_top1:.1%} on test), "
            "which nobody can know beforehand."
        )
    if evaluated.caution:
        console.print(evaluated.caution, style="bold")


def _headlines(evaluated: EpochEvaluated) -> Table:
    table = Table(title=f"The model of epoch {evaluated.epoch}", title_justify="left")
    table.add_column("")
    for name in ("Validation", "Test"):
        table.add_column(name, justify="right", no_wrap=True)
    pair = evaluated.val.metrics, evaluated.test.metrics
    table.add_row("Images", *(f"{one.images:,}" for one in pair))
    table.add_row("Top-1", *(_share(one.top1) for one in pair), style="bold")
    table.add_row(f"Top-{pair[0].top_k}", *(_share(one.top5) for one in pair))
    table.add_row("Macro F1", *(_share(one.macro_f1) for one in pair))
    table.add_row("Macro precision", *(f"{one.macro_precision:.1%}" for one in pair))
    table.add_row("Macro recall", *(f"{one.macro_recall:.1%}" for one in pair))
    return table


def _classes(test: Judged, names: tuple[str, ...]) -> Table:
    table = Table(title="Classes on test", title_justify="left")
    table.add_column("Class", overflow="fold")
    for name in ("Images", "Precision", "Recall", "F1", "AUROC", "AP"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, score, curves in zip(names, test.metrics.classes, test.curves, strict=True):
        areas = (f"{curves.auroc:.3f}", f"{curves.average_precision:.3f}") if curves else ("–", "–")
        shares = (f"{share:.1%}" for share in (score.precision, score.recall, score.f1))
        table.add_row(escape(name), f"{score.support:,}", *shares, *areas)
    return table


def _share(estimate: Estimate) -> str:
    return f"{estimate.value:.1%} ({estimate.low:.1%}–{estimate.high:.1%})"
