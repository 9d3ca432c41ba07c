"""TL Studio: a desktop studio for transfer learning on images."""

import os

__version__ = "0.1.0"

# torch takes memory for each batch anew; in huge pages that costs the kernel a fraction of the time (an epoch
# of feature extraction on two cores: 2.5 s against 5.0 s). It looks once, before its first tensor.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
