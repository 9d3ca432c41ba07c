"""What the person has chosen so far: the one state that the pages share."""

from PySide6.QtCore import QObject, Signal

from tlstudio.config import RunConfig, SplitRatios, Stage, Strategy
from tlstudio.data.catalogue import Catalogue


class Session(QObject):
    """The dataset and the model in hand. Pages change it through its methods and listen to its signals.

    Attributes:
        catalogue: the images, divided into training, validation and test; None before a folder is open.
        data_root: what RunConfig's data.root takes: a path, or "sample".
        ratios, split_seed: how they are divided where the folder itself does not say.
        arch, weights: the architecture's name and its weights, as in RunConfig.
        strategy, blocks: as in RunConfig.
        unfreeze: the trained layers of a hybrid plan, set by hand in the layer tree.

    Signals:
        data_changed: another folder, or another division of it.
        model_changed: architecture, weights, strategy or plan.
    """

    data_changed = Signal()
    model_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.catalogue: Catalogue | None = None
        self.data_root = ""
        self.ratios = SplitRatios()
        self.split_seed = 0
        self.arch = "efficientnet_lite0"
        self.weights = "default"
        self.strategy = Strategy.FEATURE_EXTRACTION
        self.blocks = 1
        self.unfreeze: tuple[str, ...] = ()

    def set_data(
        self, catalogue: Catalogue | None, root: str, ratios: SplitRatios, split_seed: int = 0
    ) -> None:
        """Take another folder, or another division of the same one."""
        self.catalogue, self.data_root = catalogue, root
        self.ratios, self.split_seed = ratios, split_seed
        self.data_changed.emit()

    def set_architecture(self, arch: str, weights: str) -> None:
        """A plan made by hand belongs to its network: for another one it gives way to feature extraction."""
        if arch != self.arch and self.strategy is Strategy.HYBRID:
            self.strategy, self.unfreeze = Strategy.FEATURE_EXTRACTION, ()
        self.arch, self.weights = arch, weights
        self.model_changed.emit()

    def set_run(self, config: RunConfig, stages: tuple[Stage, ...]) -> None:
        """Take over the model of a run that is there already, and what it trains of it.

        A plan that a person edited is one made by hand, whatever it was made from; of several stages the
        edits are left out.
        """
        edited = bool(config.freeze or config.unfreeze) and len(stages) == 1
        strategy = Strategy.HYBRID if edited else config.strategy
        unfreeze = stages[0].plan.trainable if edited else ()
        # Training from scratch keeps "none" whatever was chosen; that choice is for the next strategy.
        scratch = strategy is Strategy.SCRATCH
        weights = (self.weights if config.arch == self.arch else "default") if scratch else config.weights
        model = (config.arch, weights, strategy, config.blocks, unfreeze)
        if model != (self.arch, self.weights, self.strategy, self.blocks, self.unfreeze):
            self.arch, self.weights, self.strategy, self.blocks, self.unfreeze = model
            self.model_changed.emit()

    def set_strategy(self, strategy: Strategy, blocks: int = 1, unfreeze: tuple[str, ...] = ()) -> None:
        self.strategy, self.blocks, self.unfreeze = strategy, blocks, unfreeze
        self.model_changed.emit()
