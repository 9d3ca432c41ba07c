"""What the person has chosen so far: the one state that the pages share."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from tlstudio.config import DataConfig, RunConfig, Stage, Strategy
from tlstudio.data.catalogue import Catalogue


class Session(QObject):
    """The dataset and the model in hand. Pages change it through its methods and listen to its signals.

    Attributes:
        catalogue: the images, corrected and divided into training, validation and test; None before a folder
            is open.
        data: where they lie and all that was chosen about them, as in RunConfig.
        arch, weights: the architecture's name and its weights, as in RunConfig.
        strategy, blocks: as in RunConfig.
        unfreeze: the trained layers of a hybrid plan, set by hand in the layer tree.
        stages: those of staged fine-tuning once they were edited; empty for the usual ones.
        rates: learning rates of single blocks, by their paths, set by hand in the layer tree.
        epochs, lr, lr_decay: of the next run, as in RunConfig: what the usual stages and rates follow from.

    Signals:
        data_changed: another folder, or other classes or another division of it.
        model_changed: architecture, weights, strategy, plan, stages or rates.
        schedule_changed: epochs, lr or lr_decay.
    """

    data_changed = Signal()
    model_changed = Signal()
    schedule_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.catalogue: Catalogue | None = None
        self.data = DataConfig(root="")
        self.arch = "efficientnet_lite0"
        self.weights = "default"
        self.strategy = Strategy.FEATURE_EXTRACTION
        self.blocks = 1
        self.unfreeze: tuple[str, ...] = ()
        self.stages: tuple[Stage, ...] = ()
        self.rates: dict[str, float] = {}
        self.epochs: int = RunConfig.model_fields["epochs"].default
        self.lr: float | None = None
        self.lr_decay = 1.0

    @property
    def edited_stages(self) -> tuple[Stage, ...]:
        """Those that the next run has; edited ones wait unused while another strategy is chosen."""
        return self.stages if self.strategy is Strategy.STAGED else ()

    def run_fields(self) -> dict[str, Any]:
        """What RunConfig takes of the model and its strategy, by field."""
        trained = self.strategy is not Strategy.AS_IS
        return {
            "arch": self.arch,
            "weights": self.weights,
            "strategy": self.strategy,
            "blocks": self.blocks,
            "unfreeze": self.unfreeze,
            "stages": self.edited_stages,
            "rates": dict(self.rates) if trained else {},
        }

    def set_data(self, catalogue: Catalogue | None, data: DataConfig) -> None:
        """Take another folder, or the same one corrected or divided in another way."""
        self.catalogue, self.data = catalogue, data
        self.data_changed.emit()

    def set_architecture(self, arch: str, weights: str) -> None:
        """A plan, stages and rates made by hand belong to their network: for another one they are dropped.

        Feature extraction takes the place of a plan.
        """
        if arch != self.arch:
            self.stages, self.rates = (), {}
            if self.strategy is Strategy.HYBRID:
                self.strategy, self.unfreeze = Strategy.FEATURE_EXTRACTION, ()
        self.arch, self.weights = arch, weights
        self.model_changed.emit()

    def set_run(self, config: RunConfig, stages: tuple[Stage, ...]) -> None:
        """Take over the model of a run that is there already, and what it trains of it.

        A plan that a person edited is one made by hand, whatever it was made from; several stages with such
        edits are edited stages.
        """
        by_hand = bool(config.freeze or config.unfreeze)
        strategy, unfreeze, edited = config.strategy, (), ()
        if config.stages or (by_hand and len(stages) > 1):
            strategy, edited = Strategy.STAGED, stages
        elif by_hand and stages:
            strategy, unfreeze = Strategy.HYBRID, stages[0].plan.trainable
        # Training from scratch keeps "none" whatever was chosen; that choice is for the next strategy.
        scratch = strategy is Strategy.SCRATCH
        weights = (self.weights if config.arch == self.arch else "default") if scratch else config.weights
        model = (config.arch, weights, strategy, config.blocks, unfreeze, edited, config.rates)
        mine = (self.arch, self.weights, self.strategy, self.blocks, self.unfreeze, self.stages, self.rates)
        if model != mine:
            self.arch, self.weights, self.strategy, self.blocks, self.unfreeze = model[:5]
            self.stages, self.rates = edited, dict(config.rates)
            self.model_changed.emit()

    def set_strategy(self, strategy: Strategy, blocks: int = 1, unfreeze: tuple[str, ...] = ()) -> None:
        self.strategy, self.blocks, self.unfreeze = strategy, blocks, unfreeze
        self.model_changed.emit()

    def set_stages(self, stages: tuple[Stage, ...]) -> None:
        """Take edited stages; none brings the usual ones back."""
        if stages != self.stages:
            self.stages = stages
            self.model_changed.emit()

    def set_rates(self, rates: Mapping[str, float]) -> None:
        if rates != self.rates:
            self.rates = dict(rates)
            self.model_changed.emit()

    def set_schedule(self, epochs: int, lr: float | None, lr_decay: float) -> None:
        if (epochs, lr, lr_decay) != (self.epochs, self.lr, self.lr_decay):
            self.epochs, self.lr, self.lr_decay = epochs, lr, lr_decay
            self.schedule_changed.emit()
