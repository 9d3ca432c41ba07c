"""From directions in CLIP's space to scores. No torch: thousands of images are scored anew in an instant."""

import numpy as np
import numpy.typing as npt

from tlstudio.zeroshot.events import Asked, Scores, Vectors


def score(images: Vectors, asked: Asked) -> Scores:
    """How well each class fits each image, 0 to 1, shape (images, classes).

    A row sums to one, unless classes are judged by themselves: always so by a model with a bias (SigLIP,
    Zhai et al. 2023), and on demand by another, which then compares each class with a picture of anything.
    """
    scale = np.float32(asked.logit_scale)
    logits = (scale * (images @ asked.vectors.T)).astype(np.float32, copy=False)
    if asked.logit_bias is not None:
        return _sigmoid(logits + asked.logit_bias)
    if asked.independent:
        return _sigmoid(logits - scale * (images @ asked.neutral.T))
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def _sigmoid(logits: npt.NDArray[np.floating]) -> Scores:
    return (1 / (1 + np.exp(-np.clip(logits, -80, 80)))).astype(np.float32)
