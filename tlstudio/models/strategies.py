"""The strategies of transfer learning, each a function from a layer tree to stages of training."""

from collections.abc import Iterable

from tlstudio.config import FreezePlan, RunConfig, Stage, Strategy
from tlstudio.errors import BadInput
from tlstudio.models.layers import LayerTree

# A new head starts from random weights and bears a high rate; pre-trained layers are only nudged.
HEAD_LR = 3e-3
FINE_TUNE_LR = 3e-4
# Gradual unfreezing lowers the rate with each stage (Howard & Ruder 2018 divide it by 2.6 a layer).
STAGE_DECAY = 2.6

DEFAULT_LR = {
    Strategy.FEATURE_EXTRACTION: HEAD_LR,
    Strategy.PARTIAL: FINE_TUNE_LR,
    Strategy.STAGED: HEAD_LR,
    Strategy.FULL: FINE_TUNE_LR,
    Strategy.HYBRID: FINE_TUNE_LR,
    Strategy.SCRATCH: 1e-3,
}


def stages_for(config: RunConfig, tree: LayerTree) -> tuple[Stage, ...]:
    """The stages of a run, in order; none for a model used as it is.

    Raises:
        BadInput: the plan trains nothing, names a layer that is not there, or wants more blocks than exist.
    """
    if config.strategy is Strategy.AS_IS:
        return ()
    lr = config.lr or DEFAULT_LR[config.strategy]
    if config.stages:
        stages = config.stages
    elif config.strategy is Strategy.STAGED:
        stages = _staged(config, tree, lr)
    else:
        plan = plan_for(config.strategy, tree, config.blocks)
        stages = (Stage(name=_name(config.strategy), epochs=config.epochs, lr=lr, plan=plan),)
    stages = tuple(
        stage.model_copy(update={"plan": tree.edited(stage.plan, config.freeze, config.unfreeze)})
        for stage in stages
    )
    for stage in stages:
        block_rates(tree, config, stage.lr)  # for what it says of rates that do not fit
        if not stage.plan.trainable:
            raise BadInput(
                f"Nothing would be trained: every layer is frozen in the stage '{stage.name}'.",
                "Unfreeze at least the head, or use the strategy as-is.",
            )
    return stages


def plan_for(strategy: Strategy, tree: LayerTree, blocks: int = 1) -> FreezePlan:
    """The freeze plan of a strategy; of staged training, the plan of its last stage.

    A hybrid starts with everything frozen, since its plan is chosen layer by layer.
    """
    match strategy:
        case Strategy.AS_IS | Strategy.HYBRID:
            return FreezePlan()
        case Strategy.FEATURE_EXTRACTION:
            return FreezePlan(trainable=(tree.head.path,))
        case Strategy.PARTIAL | Strategy.STAGED:
            return _last_blocks(tree, blocks)
        case Strategy.FULL | Strategy.SCRATCH:
            return _all(tree)


def block_rates(tree: LayerTree, config: RunConfig, lr: float) -> dict[str, float]:
    """The learning rate of each block, by its path, where the head's is ``lr``.

    Going down from the head, each block has ``lr_decay`` times the rate of the one above (Howard & Ruder
    2018), unless ``rates`` names one for it.

    Raises:
        BadInput: ``rates`` names something else than a block.
    """
    decayed = {tree.head.path: lr}
    for below, block in enumerate(reversed(tree.backbone), start=1):
        decayed[block.path] = lr * config.lr_decay**below
    for path in config.rates:
        if path not in decayed:
            raise BadInput(
                f"{path} is no block of {tree.arch} that could have a learning rate of its own.",
                f"Its blocks are {', '.join(reversed(decayed))}.",
            )
    return decayed | config.rates


def _staged(config: RunConfig, tree: LayerTree, lr: float) -> tuple[Stage, ...]:
    """The head first, then block after block downwards; the epochs are shared out, late stages longer."""
    count = min(config.blocks + 1, config.epochs)
    share, rest = divmod(config.epochs, count)
    return tuple(
        Stage(
            name=stage_name(tree, depth),
            epochs=share + (depth >= count - rest),
            lr=lr / STAGE_DECAY**depth,
            plan=_last_blocks(tree, depth),
        )
        for depth in range(count)
    )


def stage_name(tree: LayerTree, depth: int) -> str:
    """What a stage is called that trains the head and ``depth`` blocks before it."""
    return f"{tree.backbone[-depth].name} and above" if depth else tree.head.name


def _last_blocks(tree: LayerTree, count: int) -> FreezePlan:
    backbone = tree.backbone
    if count > len(backbone):
        raise BadInput(
            f"{tree.arch} has {len(backbone)} blocks before its head, not {count}.",
            f"Choose between 1 and {len(backbone)}.",
        )
    return _paths(block.path for block in (*backbone[len(backbone) - count :], tree.head))


def _all(tree: LayerTree) -> FreezePlan:
    return _paths(block.path for block in (*tree.backbone, tree.head))


def _paths(paths: Iterable[str]) -> FreezePlan:
    return FreezePlan(trainable=tuple(paths))


def _name(strategy: Strategy) -> str:
    return strategy.value.replace("-", " ")
