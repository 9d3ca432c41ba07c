"""Temperature scaling (Guo et al. 2017): one number, fitted on validation, mends a model's confidence."""

import math
from typing import Any

import numpy as np

from tlstudio.evaluation.metrics import calibration_error, reliability
from tlstudio.evaluation.one_epoch_events import Temperature
from tlstudio.evaluation.outcome import Floats, Outcome

_LEAST, _MOST = 0.05, 20.0
_NEAR = 1.01  # as a factor: what comes so near a limit would have gone on


def scaled(log_probabilities: Floats, temperature: float) -> Floats:
    """Log-probabilities ``[N, C]`` as they are after dividing the logits by ``temperature``."""
    from scipy.special import log_softmax

    return log_softmax(log_probabilities / np.float32(temperature), axis=1)


def fitted(val: Outcome, test: Outcome) -> Temperature:
    """The temperature at which validation is least surprised, and what it does on test.

    Where validation has no mistake, or is answered worse than by chance, it sets no limit: then it is 1.
    """
    from scipy.optimize import minimize_scalar

    def loss(logarithm: float) -> float:
        return _loss(scaled(val.log_probabilities, math.exp(logarithm)), val)

    limits = math.log(_LEAST), math.log(_MOST)
    found: Any = minimize_scalar(loss, bounds=limits, method="bounded", options={"xatol": 1e-4})
    value = math.exp(found.x)
    limited = bool(val.right.all()) or value > _MOST / _NEAR
    value = 1.0 if limited else value
    after = scaled(test.log_probabilities, value)
    probabilities = np.exp(after)
    return Temperature(
        value=value,
        limited=limited,
        ece_before=calibration_error(test.labels, test.probabilities),
        ece_after=calibration_error(test.labels, probabilities),
        loss_before=_loss(test.log_probabilities, test),
        loss_after=_loss(after, test),
        bins=reliability(test.labels, probabilities),
    )


def _loss(log_probabilities: Floats, outcome: Outcome) -> float:
    own = log_probabilities[np.arange(len(outcome.labels)), outcome.labels]
    return float(-np.maximum(own, -1e4).mean(dtype=np.float64))
