"""How running out of memory is recognised, and memory given back."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from kerastorch.runtime.memory import give_back, is_out_of_memory


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (RuntimeError("cuBLAS error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (MemoryError(), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("CUDA out of memory"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_errors_are_told_apart(error: BaseException, wanted: bool) -> None:
    assert is_out_of_memory(error) is wanted


def test_the_allocator_of_the_cpu_says_what_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert is_out_of_memory(caught.value)


def test_cycles_are_freed() -> None:
    class Node:
        me: object

    gc.disable()
    try:
        node = Node()
        node.me = node
        gone = weakref.ref(node)
        del node
        assert gone() is not None
        give_back(torch.device("cpu"))
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.gpu
def test_the_allocators_cache_is_emptied() -> None:
    device = torch.device("cuda")
    give_back(device)
    before = torch.cuda.memory_reserved()
    torch.empty(2**26, device=device)
    assert torch.cuda.memory_reserved() > before  # nobody holds it, the allocator keeps it
    give_back(device)
    assert torch.cuda.memory_reserved() == before
