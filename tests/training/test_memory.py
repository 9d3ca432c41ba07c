import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tlstudio.errors import StudioError
from tlstudio.training.memory import Parts, is_out_of_memory, pass_through


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
        MemoryError(),
    ],
)
def test_what_counts_as_out_of_memory(error: Exception):
    assert is_out_of_memory(error)


def test_that_another_error_does_not():
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("out of memory"))


@given(images=st.integers(1, 200), most=st.integers(1, 64))
def test_that_parts_cover_a_batch_in_order_and_evenly(images: int, most: int):
    parts = Parts(most).of(images)
    sizes = [part.stop - part.start for part in parts]
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(images))
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1


def small_memory(fits: int, seen: list[int]):
    def forward(part: Tensor) -> Tensor:
        seen.append(len(part))
        if len(part) > fits:
            raise RuntimeError("out of memory")
        return 2 * part

    return forward


def test_that_a_batch_passes_in_halves_until_it_fits_and_stays_so():
    parts, seen = Parts(), []
    forward = small_memory(3, seen)
    inputs = torch.arange(12)
    assert torch.equal(pass_through(forward, inputs, parts), 2 * inputs)
    assert seen == [12, 6, 3, 3, 3, 3]
    assert [notice.text for notice in parts.notices] == [
        "The device ran out of memory: batches now pass in parts of 6 images.",
        "The device ran out of memory: batches now pass in parts of 3 images.",
    ]
    seen.clear()
    pass_through(forward, inputs, parts)
    assert seen == [3, 3, 3, 3]


def test_that_one_image_too_large_is_an_error_that_says_so():
    with pytest.raises(StudioError, match="ran out of memory with 1 image at once"):
        pass_through(small_memory(0, []), torch.arange(4), Parts())


def test_that_other_errors_come_through_as_they_are():
    def broken(_: Tensor) -> Tensor:
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        pass_through(broken, torch.arange(4), Parts())
