"""Why a run failed, in sentences."""

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
            return RunFailed(
                f"A file could not be read or written ({what}).",
                "Is the disk full or gone? The finished epochs are kept: see to it, then resume the run."
                if run
                else "Is the disk full or gone?",
                path,
            )
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


def diverged(loss: float, epoch: int, step: int, lr: float) -> StudioError:
    """The error that stops a training whose loss is no number any more; ``lr`` is the rate it had then."""
    return StudioError(
        f"The training loss became {loss} in epoch {epoch} at step {step}.",
        f"Try a learning rate of {lr / 10:.1g}; the models of the epochs before are kept.",
    )
