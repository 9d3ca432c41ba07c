"""Tables for people: the curve of a learning-rate sweep, and what a run would take."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from tlstudio.config import Augmentation
from tlstudio.inference.events import EnsembleMeasured
from tlstudio.training.events import EpochTimes, LrTried, TimesEstimated

_ROWS = 25
_BAR = 40  # characters


def lr_curve(tried: Sequence[LrTried], suggested: float | None) -> Table:
    """The loss at each learning rate as a bar, the suggested rate marked; so many rows as fit a screen."""
    step = -(-len(tried) // _ROWS)
    places = sorted({*range(0, len(tried), step), len(tried) - 1})
    rates = [one.lr for one in tried]
    marked = min(places, key=lambda place: abs(rates[place] / suggested - 1)) if suggested else None
    losses = [tried[place].loss for place in places]
    least, span = min(losses), max(max(losses) - min(losses), 1e-12)
    table = Table(title="The loss at each learning rate", title_justify="left", box=None)
    for name in ("Learning rate", "Loss"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for place, loss in zip(places, losses, strict=True):
        bar = "█" * (1 + round((_BAR - 1) * (loss - least) / span))
        mark = "  ← falls fastest" if place == marked else ""
        table.add_row(f"{rates[place]:.1e}", f"{loss:.3f}", bar + mark, style="bold" if mark else "")
    return table


def times(event: TimesEstimated) -> Table:
    """What a run would take, a row for each way of varying its images."""
    table = Table(title="What the run would take", title_justify="left")
    table.add_column("Augmentation", no_wrap=True)
    for name in ("First epoch", "Later ones", "In all"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in (event.asked, *event.others):
        asked = one is event.asked
        later = duration(one.later_epoch) if one.later_epoch else "–"
        row = (_way(one), duration(one.first_epoch), later, duration(one.total))
        table.add_row(*row, "as asked" if asked else "", style="bold" if asked else "")
    return table


def ensemble(event: EnsembleMeasured) -> Table:
    """What each member gets right on validation, and what they get right together."""
    images = f"{event.images:,} validation image{'s' * (event.images != 1)}"
    table = Table(title=f"On {images}, before any other", title_justify="left")
    table.add_column("", overflow="fold")
    for name in ("Top-1", "Beyond the best member", "p (McNemar)"):
        table.add_column(name, justify="right", no_wrap=True)
    for place, member in enumerate(event.members):
        name = f"{member.title}, epoch {member.epoch}"
        table.add_row(escape(name), f"{member.top1:.1%}", "the best" if place == event.best else "", "")
    for way in event.ways:
        gain = f"{100 * way.gain:+.1f} points"
        table.add_row(f"Together: {way.combine.value}", f"{way.top1:.1%}", gain, f"{way.p:.2f}", style="bold")
    return table


def duration(seconds: float) -> str:
    """Seconds as people say them: "0.4 s", "12 s", "3 min 05 s", "2 h 10 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def _way(one: EpochTimes) -> str:
    if one.augmentation is Augmentation.NONE:
        return "none"
    return f"{one.augmentation.value}, {f'{one.views} views kept' if one.views else 'new each epoch'}"
