"""Why a run failed, in sentences."""

import errno

from tlstudio.errors import BadInput, ChangedData, StudioError
from tlstudio.runs.store import RunFolder
from tlstudio.training.events import RunFailed


def failed(error: Exception, run: RunFolder | None) -> RunFailed:
    """How a run ends that an error ended; ``run`` once it has a folder."""
    path = run.path if run else None
    match error:
        case StudioError():
            changed = isinstance(error, ChangedData)
            return RunFailed(error.message, error.hint, path, isinstance(error, BadInput), changed)
        case OSError():
            what = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
            kept = " The finished epochs are kept: see to it, then resume the run." if run else ""
            return RunFailed(f"A file could not be read or written ({what}).", _remedy(error) + kept, path)
        case _ if "out of memory" in str(error).lower():
            return RunFailed(
                "The device ran out of memory.", "Try half the batch size or smaller images.", path
            )
        case ValueError() if "more than 1 value per channel" in str(error):
            return RunFailed(
                "Batch norm learns from the differences within a batch, and there was one image in it.",
                "Choose a batch size of at least 2, or freeze the layers with batch norm.",
                path,
                bad_input=True,
            )
        case _:
            sentence = f"Training failed with {type(error).__name__}: {error}."
            return RunFailed(sentence, "The log has the details.", path)


def _remedy(error: OSError) -> str:
    """What to look into, as a question."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return "Is the disk full? Make room there."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "May you no longer read or write there? Have the permission given back."
        case _:
            return "Is the disk full or gone?"


def diverged(loss: float, epoch: int, lr: float, step: int | None = None) -> StudioError:
    """The error that stops a training whose loss is no number any more.

    Args:
        lr: the rate that it had then.
        step: the one of the epoch that met it; None if it was the validation after the last.
    """
    kept = "; the models of the epochs before are kept" if epoch > 1 else ""
    return StudioError(
        f"The training loss became {loss} in epoch {epoch} at step {step}."
        if step is not None
        else f"The validation loss was {loss} after epoch {epoch}: the last steps of it went too far.",
        f"Try a learning rate of {lr / 10:.1g}{kept}.",
    )
