"""What the session's choices come to in a network: plan, stages and learning rates."""

from collections.abc import Iterable

from pydantic import ValidationError

from tlstudio.config import FreezePlan, RunConfig, Stage, Strategy
from tlstudio.models.layers import LayerTree
from tlstudio.models.strategies import DEFAULT_LR, STAGE_DECAY, block_rates, plan_for, stage_name, stages_for
from tlstudio.ui.session import Session
from tlstudio.ui.widgets.number_edit import MOST_LR
from tlstudio.ui.widgets.strategy_panel import title
from tlstudio.ui.widgets.weights_panel import RANDOM


def plan(session: Session, tree: LayerTree) -> FreezePlan:
    """All that is trained, of several stages in any of them."""
    match session.strategy:
        case Strategy.HYBRID:
            return FreezePlan(trainable=tuple(path for path in session.unfreeze if path in tree.nodes))
        case Strategy.STAGED:
            trained = [tree.trained_leaves(stage.plan) for stage in stages(session, tree)]
            return tree.plan_for(frozenset().union(*trained))
        case strategy:
            return plan_for(strategy, tree, session.blocks)


def stages(session: Session, tree: LayerTree) -> tuple[Stage, ...]:
    """Those of staged fine-tuning: edited, or the usual ones."""
    return session.stages or usual_stages(session, tree)


def usual_stages(session: Session, tree: LayerTree) -> tuple[Stage, ...]:
    return stages_for(_usual(session).model_copy(update={"strategy": Strategy.STAGED}), tree)


def one_more_stage(chosen: tuple[Stage, ...], tree: LayerTree) -> Stage:
    """What gradual unfreezing would do next: a block more, at a lower rate."""
    last = chosen[-1]
    depth = depth_of(last.plan, tree)
    deeper = last if depth is None else to_depth(last, min(depth + 1, len(tree.backbone)), tree)
    return deeper.model_copy(update={"lr": float(f"{last.lr / STAGE_DECAY:.2g}")})


def depth_of(plan: FreezePlan, tree: LayerTree) -> int | None:
    """How many blocks before the head are trained with it; None for a plan of another kind."""
    trained = tree.trained_leaves(plan)
    for depth in range(len(tree.backbone) + 1):
        if trained == tree.trained_leaves(plan_for(Strategy.PARTIAL, tree, depth)):
            return depth
    return None


def to_depth(stage: Stage, depth: int, tree: LayerTree) -> Stage:
    """The stage, training the head and ``depth`` blocks before it."""
    plan = plan_for(Strategy.PARTIAL, tree, depth)
    return stage.model_copy(update={"plan": plan, "name": stage_name(tree, depth)})


def begins(chosen: Iterable[Stage], tree: LayerTree) -> dict[str, int]:
    """The stage, from 1, in which the training of each node begins."""
    first: dict[str, int] = {}
    for number, stage in enumerate(chosen, start=1):
        trained = tree.trained_leaves(stage.plan)
        for node in tree.nodes.values():
            if node.path not in first and any(leaf.path in trained for leaf in node.leaves()):
                first[node.path] = number
    return first


def usual_rates(session: Session, tree: LayerTree) -> dict[str, str]:
    """The learning rate in words that each block has where it has none of its own."""
    if session.strategy is Strategy.AS_IS:
        return {}
    if session.strategy is Strategy.STAGED:
        return {block.path: "by stage" for block in (*tree.backbone, tree.head)}
    lr = session.lr or DEFAULT_LR[session.strategy]
    rates = block_rates(tree, _usual(session), lr)
    return {path: f"{rate:.2g}" for path, rate in rates.items()}


def new_leaves(session: Session, tree: LayerTree) -> frozenset[str]:
    """The layers that start from random weights."""
    if session.strategy is Strategy.AS_IS:
        return frozenset()
    if session.strategy is Strategy.SCRATCH or session.weights == RANDOM:
        return frozenset(leaf.path for leaf in tree.leaves)
    return frozenset(leaf.path for leaf in tree.head.leaves())


def remembered_stages(values: object) -> tuple[Stage, ...]:
    """Edited stages as they were written down; none where they make no sense."""
    try:
        return tuple(map(Stage.model_validate, values)) if isinstance(values, list) else ()
    except ValidationError:
        return ()


def remembered_rates(values: object) -> dict[str, float]:
    """Those of the learning rates, by block, that make sense."""
    if not isinstance(values, dict):
        return {}
    return {
        path: float(rate)
        for path, rate in values.items()
        if isinstance(path, str) and isinstance(rate, (int, float)) and 0 < rate <= MOST_LR
    }


def fitting_stages(session: Session, tree: LayerTree) -> tuple[Stage, ...]:
    """The edited stages; none where one of them names what the network does not have, or trains nothing."""
    for stage in session.stages:
        if not set(stage.plan.trainable) <= set(tree.nodes) or not tree.trained_leaves(stage.plan):
            return ()
    return session.stages


def fitting_rates(session: Session, tree: LayerTree) -> dict[str, float]:
    """The rates of blocks that the network has."""
    blocks = {block.path for block in (*tree.backbone, tree.head)}
    return {path: rate for path, rate in session.rates.items() if path in blocks}


def note(session: Session, tree: LayerTree, trained: frozenset[str]) -> str:
    """What should be said of a plan or of stages that were edited; "" where nothing."""
    if session.edited_stages:
        return "You edited the stages, beneath the layers: they say what is trained, and when."
    if session.strategy is not Strategy.HYBRID:
        return ""
    if not trained:
        return "Every layer is frozen: nothing would be trained. Clear at least the box of the head."
    if not trained & {leaf.path for leaf in tree.head.leaves()}:
        return "The new head is frozen and would keep its random weights. Clear its box to train it."
    same = _preset(tree, trained)
    return f"Just now the same as {same}." if same else ""


def _preset(tree: LayerTree, trained: frozenset[str]) -> str:
    """The strategy, in words, that trains exactly these layers; "" if none does."""
    for strategy in (Strategy.FEATURE_EXTRACTION, Strategy.FULL):
        if tree.trained_leaves(plan_for(strategy, tree)) == trained:
            return title(strategy).lower()
    for blocks in range(1, len(tree.backbone)):
        if tree.trained_leaves(plan_for(Strategy.PARTIAL, tree, blocks)) == trained:
            return f"{title(Strategy.PARTIAL).lower()} of {blocks} {'block' if blocks == 1 else 'blocks'}"
    return ""


def _usual(session: Session) -> RunConfig:
    """The run without stages and rates made by hand."""
    return RunConfig(
        data=session.data,
        epochs=session.epochs,
        lr=session.lr,
        lr_decay=session.lr_decay,
        **session.run_fields() | {"stages": (), "rates": {}},
    )
