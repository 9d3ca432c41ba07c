"""What a run is: validated, frozen, serialisable. No torch here, so that every face can read it at once."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Strategy(StrEnum):
    """How much of a pre-trained network is kept, and how the rest is trained."""

    AS_IS = "as-is"
    FEATURE_EXTRACTION = "feature-extraction"
    PARTIAL = "partial"
    STAGED = "staged"
    FULL = "full"
    HYBRID = "hybrid"
    SCRATCH = "scratch"


class Augmentation(StrEnum):
    """How much the training images are varied; validation and test images never are."""

    NONE = "none"
    LIGHT = "light"
    STRONG = "strong"


Keep = Literal["all", "best-and-last"] | Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]


class FreezePlan(_Frozen):
    """Which layers are trained: paths of layer-tree nodes, each covering all beneath it."""

    trainable: tuple[str, ...] = ()


class Stage(_Frozen):
    """A stretch of training with one freeze plan and one schedule of the learning rate.

    ``continues``: what the optimiser remembers of the layers that the stage before trained already (its
    running means of their gradients) is kept; otherwise it begins anew.
    """

    name: str
    epochs: int = Field(ge=1)
    lr: Rate
    plan: FreezePlan
    continues: bool = False


class SplitRatios(_Frozen):
    """Shares of the images for training, validation and test; they sum to one."""

    train: float = Field(default=0.7, gt=0, lt=1)
    val: float = Field(default=0.15, gt=0, lt=1)
    test: float = Field(default=0.15, gt=0, lt=1)

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        if abs(self.train + self.val + self.test - 1) > 1e-6:
            raise ValueError("the split ratios must sum to 1")
        return self


class Corrections(_Frozen):
    """What a person changed about a folder's classes and images; the files themselves stay as they are.

    Attributes:
        names: new names of classes, by the old ones; classes that are given one name are merged.
        without_classes: classes (by their names in the folder) that are left out.
        without: images (by path) that are left out.
        labels: classes (by their new names) of images whose folder is wrong about them, by path.
        splits: images that were moved to another split, by path.
    """

    names: dict[str, str] = {}
    without_classes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    splits: dict[str, Literal["train", "val", "test"]] = {}


class DataConfig(_Frozen):
    """Which images, and how they are divided.

    ``nesting``: which of several folders around an image names its class. ``keep_together``: images that look
    alike come into the same split. With ``folds``, the training and validation images are divided into so
    many parts (k-fold cross-validation), of which number ``fold`` (from 0) validates. With ``per_class``, no
    more than so many training images of each class are kept, as ``draw`` draws them: those of a small number
    are among those of a larger one, and validation and test stay as they are.
    """

    root: str
    nesting: Literal["outer", "inner", "path"] = "outer"
    corrections: Corrections = Corrections()
    ratios: SplitRatios = SplitRatios()
    split_seed: int = 0
    keep_together: bool = True
    folds: int | None = Field(default=None, ge=2, le=20)
    fold: int = Field(default=0, ge=0)
    per_class: int | None = Field(default=None, ge=1)
    draw: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _fold_exists(self) -> Self:
        if self.fold >= (self.folds or 1):
            raise ValueError(f"there is no fold {self.fold} of {self.folds or 1}")
        return self


class RunConfig(_Frozen):
    """Everything that decides the outcome of a run, apart from the images and the machine.

    ``weights``: "default" (the best published for the architecture), "bundled", "none" (random), the name of
    a published set such as "IMAGENET1K_V1", or the path of a file or folder. ``freeze`` and ``unfreeze``
    (layer-tree paths) edit the strategy's plan; for ``hybrid`` the plan is exactly ``unfreeze``. ``lr`` and
    ``image_size`` left out are chosen by the strategy and the weights. ``views`` counts where
    layers are frozen from the start: augmented images are then varied in so many ways, shown in turn, and the
    features that the frozen layers make of each are computed once; 0 varies each epoch anew, as happens where
    nothing is frozen. ``keep``: whose models stay: those of all epochs, of the best and the last only, or
    of these two and each n-th. Images are not varied unless that is asked: where layers are frozen that lets
    what they make of an image be computed once, and with few epochs no network of
    ``tests/benchmarks/augmentation.py`` was the better for it.

    ``stages`` edited by hand take the place of the strategy's, and ``epochs`` is their sum.

    Learning rates: ``lr`` is that of the head, or of all. Each block below it has ``lr_decay`` times the rate
    of the one above (Howard & Ruder 2018), unless ``rates`` names one for it by its path. ``warmup`` is the
    share of a stage's steps in which all of them climb from zero.

    ``batch_norm`` of trained layers: "update" follows the new images' statistics, "keep" stays with those
    of the pre-training. ``balance``: how classes of different size weigh the same, through the loss or
    through how often their images are drawn. ``mix``: pairs of training images, and their labels, are
    blended (mixup: Zhang et al. 2017) or cut into each other (CutMix: Yun et al. 2019). ``clip_norm``: the
    most that the norm of a step's gradient may be. ``ema``: models are running means of the weights, a step
    keeping this much of the mean before. ``accumulate``: batches whose gradients make one step.

    ``precision`` of computation: "auto" is whichever is faster here. ``features``: how features of frozen
    layers are kept; float16 takes half the space.
    """

    format: Literal[1] = 1
    data: DataConfig
    arch: str = "efficientnet_lite0"
    weights: str = "default"
    strategy: Strategy = Strategy.FEATURE_EXTRACTION
    blocks: int = Field(
        default=1, ge=1, description="blocks before the head that partial and staged training unfreeze"
    )
    freeze: tuple[str, ...] = ()
    unfreeze: tuple[str, ...] = ()
    epochs: int = Field(default=5, ge=1, le=10_000)
    lr: float | None = Field(default=None, gt=0)
    batch_size: int = Field(default=32, ge=1)
    image_size: int | None = Field(default=None, ge=32, le=1024)
    stages: tuple[Stage, ...] = ()
    optimizer: Literal["adamw", "sgd"] = "adamw"
    schedule: Literal["cosine", "constant", "one-cycle"] = "cosine"
    warmup: float = Field(default=0.0, ge=0, lt=1)
    lr_decay: float = Field(default=1.0, gt=0, le=1)
    rates: dict[str, Rate] = {}
    weight_decay: float = Field(default=1e-4, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    augmentation: Augmentation = Augmentation.NONE
    views: int = Field(default=4, ge=0, le=64, description="augmented views an image kept; 0: new ones")
    early_stopping: int | None = Field(
        default=None, ge=1, description="stop after so many epochs without a better one"
    )
    batch_norm: Literal["update", "keep"] = "update"
    balance: Literal["none", "loss", "sampling"] = "none"
    mix: Literal["none", "mixup", "cutmix"] = "none"
    clip_norm: float | None = Field(default=None, gt=0)
    ema: float | None = Field(default=None, gt=0, lt=1)
    accumulate: int = Field(default=1, ge=1, le=1024)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    features: Literal["float32", "float16"] = "float32"
    keep: Keep = "all"
    seed: int = Field(default=0, ge=0)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"

    @model_validator(mode="before")
    @classmethod
    def _count_epochs(cls, values: Any) -> Any:
        """Stages say how many epochs there are."""
        match values:
            case {"stages": [_, *_] as stages}:
                epochs = [one.epochs if isinstance(one, Stage) else one.get("epochs", 1) for one in stages]
                return {**values, "epochs": sum(epochs)}
            case _:
                return values
