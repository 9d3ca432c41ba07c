"""A run of the studio, from scanning the folder to the tested models; a benchmark's child process.

A folder that is not divided is divided by the seed.
"""

import json
import sys
import time
from typing import Any

from tlstudio.config import DataConfig, RunConfig
from tlstudio.events import Control
from tlstudio.training.events import EpochFinished, RunFinished
from tlstudio.training.trainer import train


def main(case: dict[str, Any]) -> None:
    config = RunConfig(
        data=DataConfig(root=case["root"], split_seed=case["seed"]),
        arch=case["arch"],
        weights="none" if case["arch"] == "resnet18" else "bundled",
        strategy=case["strategy"],
        epochs=case["epochs"],
        augmentation=case["augmentation"],
        views=case.get("views", 4),
        features=case.get("features", "float32"),
        seed=case["seed"],
    )
    begun, cpu = time.perf_counter(), time.process_time()
    events = list(train(config, Control()))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    last = events[-1]
    if not isinstance(last, RunFinished):
        raise SystemExit(f"The run did not finish: {last}")
    result = {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "epochs": [event.seconds for event in events if isinstance(event, EpochFinished)],
        "val_top1": last.val_top1,
        "test_top1": last.test_top1,
        "peak_mb": last.peak_memory_mb,
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
