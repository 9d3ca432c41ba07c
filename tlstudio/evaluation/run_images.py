"""The images that a run was made with, found again."""

from collections.abc import Sequence

from tlstudio.data.catalogue import SPLITS, Catalogue, Split
from tlstudio.errors import BadInput
from tlstudio.runs.store import RunFolder

WAY_OUT = "Put the folder back where it was when the run was trained."


def images_of(run: RunFolder, splits: Sequence[Split] = SPLITS) -> Catalogue:
    """The run's catalogue; the images of ``splits`` are all there.

    Raises:
        BadInput: the list of images is damaged, or some of them are gone.
    """
    catalogue = listed(run)
    images = [image for image in catalogue.images if image.split in splits]
    lost = [image.path for image in images if not catalogue.file(image).is_file()]
    if lost:
        kind = "test images" if tuple(splits) == ("test",) else "images"
        raise BadInput(
            f"{len(lost)} of the run's {len(images)} {kind} cannot be found in {catalogue.root}, "
            f"{lost[0]} among them.",
            WAY_OUT,
        )
    return catalogue


def listed(run: RunFolder) -> Catalogue:
    """The run's catalogue, wherever the images are now.

    Raises:
        BadInput: the list of images is damaged.
    """
    try:
        return Catalogue.from_json(run.read("split.json"))
    except (KeyError, TypeError) as error:
        raise BadInput(
            f"{run.path / 'split.json'} is damaged.", "Copy the run's whole folder again."
        ) from error
