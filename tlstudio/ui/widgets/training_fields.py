"""What the fields of the training form are called, what they offer and what they do, by RunConfig's names."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Field:
    """``words`` label it; ``explained`` is the one sentence that says what it does and when to use it."""

    words: str
    explained: str


EVERY = "every"  # the choice of "keep" that asks for a number

CHOICES: dict[str, dict[str, str]] = {
    "optimizer": {"adamw": "AdamW", "sgd": "SGD, momentum"},
    "schedule": {"cosine": "Cosine", "constant": "Constant", "one-cycle": "One cycle"},
    "mix": {"none": "Off", "mixup": "Mixup", "cutmix": "CutMix"},
    "batch_norm": {"update": "Update", "keep": "Keep"},
    "balance": {"none": "Off", "loss": "In the loss", "sampling": "By sampling"},
    "device": {"auto": "Fastest", "cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"},
    "precision": {"auto": "Fastest", "float32": "float32", "bfloat16": "bfloat16"},
    "features": {"float32": "float32", "float16": "float16"},
    "keep": {"all": "All", "best-and-last": "Best and last", EVERY: "Every n-th"},
}

FIELDS: dict[str, Field] = {
    "epochs": Field("Epochs", "How often every training image is seen."),
    "lr": Field(
        "Learning rate",
        "How large the steps of training are; left empty, the strategy chooses what suits it.",
    ),
    "batch_size": Field(
        "Batch size", "How many images are looked at before each step; more take more memory and less time."
    ),
    "optimizer": Field(
        "Optimizer",
        "The rule that makes steps of gradients: AdamW suits most runs, SGD with momentum wants a learning "
        "rate chosen with care.",
    ),
    "augmentation": Field(
        "Augmentation",
        "How the training images are varied, so that a network learns the thing and not the picture; "
        "strong is for few images.",
    ),
    "schedule": Field(
        "Schedule",
        "How the learning rate changes in a stage: cosine falls gently to zero, one cycle climbs first, "
        "constant stays.",
    ),
    "warmup": Field(
        "Warm-up",
        "The share of a stage in which the learning rate climbs from zero; 5 to 10 % help where the first "
        "steps would upset pre-trained layers.",
    ),
    "lr_decay": Field(
        "Decay by block",
        "Each block learns at this share of the rate of the block above it; 1 is the same rate for all, "
        "0.4 to 0.9 go easy on the general layers at the bottom.",
    ),
    "weight_decay": Field(
        "Weight decay",
        "Pulls weights towards zero a little in each step; more of it helps against overfitting.",
    ),
    "label_smoothing": Field(
        "Label smoothing",
        "Asks for a little less than full certainty; 0.1 helps where labels are noisy or a network too sure.",
    ),
    "mix": Field(
        "Mix images",
        "Mixup blends pairs of training images and their labels, CutMix pastes a part of one into the other; "
        "for long runs that overfit.",
    ),
    "early_stopping": Field(
        "Early stopping", "Ends the run after so many epochs without a better one on the validation images."
    ),
    "accumulate": Field(
        "Batches a step",
        "Gathers the gradients of so many batches before each step: a large batch where memory is small.",
    ),
    "clip_norm": Field(
        "Clip gradients",
        "Shortens a gradient whose norm is above this; 1 is usual, for losses that leap or become infinite.",
    ),
    "ema": Field(
        "Average weights",
        "Validates and keeps a running mean of the weights instead of the last ones; 0.99 to 0.999 calm a "
        "validation curve that jumps about.",
    ),
    "batch_norm": Field(
        "Batch norm",
        "Whether the batch norms of trained layers follow your images or stay as pre-trained; those of "
        "frozen layers always stay.",
    ),
    "image_size": Field(
        "Image size",
        "Pixels a side, as the images reach the network; fewer are quicker, more show finer detail.",
    ),
    "views": Field(
        "Kept views",
        "How many variations of each image are kept where the augmentation keeps any; more are more varied, "
        "and take that much more time in the first epoch and space on disk.",
    ),
    "balance": Field(
        "Balance classes",
        "Lets classes of different size count the same, by weighing their errors in the loss or by drawing "
        "images of small classes more often.",
    ),
    "device": Field("Device", "Where the network is computed."),
    "precision": Field(
        "Precision",
        "How exactly the network is computed: bfloat16 is quicker on graphics cards made for it and slower "
        "on most processors.",
    ),
    "features": Field(
        "Features kept as",
        "How the output of frozen layers is kept on disk: float16 takes half the space, a trace less exact.",
    ),
    "keep": Field(
        "Models kept",
        "The models of which epochs stay on disk: all can be tested and resumed from, the best and the last "
        "take the least space.",
    ),
    "keep_every": Field(
        "Every", "Besides the best and the last, the models of every so many epochs stay on disk."
    ),
    "cache": Field(
        "Cache",
        "How much disk the decoded images and features of all runs may take together; what was not used for "
        "longest makes room.",
    ),
    "seed": Field(
        "Seed", "The same seed gives the same run on the same machine; another one shows how much is luck."
    ),
}

BATCH_NORM_EXPLAINED = {
    "update": "A batch norm evens out what passes by the mean and spread of the images. Update: in trained "
    "layers these follow your images. Good with batches of 16 and more.",
    "keep": "A batch norm evens out what passes by the mean and spread of the images. Keep: these stay as "
    "they were pre-trained. Safer with small batches or few images.",
}

# The folds of the form in their order, each with its fields.
FOLDS: dict[str, tuple[str, ...]] = {
    "Learning rate": ("schedule", "warmup", "lr_decay"),
    "Regularisation": ("weight_decay", "label_smoothing", "mix", "early_stopping"),
    "Steps and weights": ("accumulate", "clip_norm", "ema", "batch_norm"),
    "Images and classes": ("image_size", "views", "balance"),
    "Machine and disk": ("device", "precision", "features", "keep", "keep_every", "cache", "seed"),
}

# What means nothing for a network that is used as it is.
TRAINING_ONLY = (
    "epochs",
    "lr",
    "optimizer",
    *FOLDS["Learning rate"],
    *FOLDS["Regularisation"],
    *FOLDS["Steps and weights"],
    "balance",
    "features",
    "keep",
    "keep_every",
)
