"""Write tlstudio/models/architectures.json from what torchvision says of its own models.

Run it after torchvision published new weights; a test holds the file against the installed torchvision.
"""

import json
from pathlib import Path
from typing import Any

from torchvision.models import get_model_weights

NAMES = {
    "vgg": ["vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"],
    "resnet": [
        "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
        "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2",
    ],
}  # fmt: skip
TITLES = {
    "resnext50_32x4d": "ResNeXt-50 32×4d",
    "resnext101_32x8d": "ResNeXt-101 32×8d",
    "resnext101_64x4d": "ResNeXt-101 64×4d",
    "wide_resnet50_2": "Wide ResNet-50-2",
    "wide_resnet101_2": "Wide ResNet-101-2",
}
# Counted on the module itself: 3x224x224 in, multiply-adds; the accuracy is the one its authors publish.
EFFICIENTNET_LITE0: dict[str, Any] = {
    "name": "efficientnet_lite0",
    "title": "EfficientNet-Lite0",
    "family": "EfficientNet",
    "parameters": 4652008,
    "gflops": 0.407,
    "weights": [
        {
            "name": "bundled", "url": None, "megabytes": 17.9, "top1": 75.1, "top5": 92.2,
            "resize": 256, "crop": 224, "interpolation": "bicubic",
            "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5],
        }
    ],
}  # fmt: skip


def title(name: str) -> str:
    if name in TITLES:
        return TITLES[name]
    if name.startswith("vgg"):
        depth, *batch_norm = name[3:].split("_")
        return f"VGG-{depth}" + (" with batch norm" if batch_norm else "")
    return f"ResNet-{name[6:]}"


def entry(name: str, family: str) -> dict[str, Any]:
    weights = [w for w in get_model_weights(name) if w.name.startswith("IMAGENET1K_V")]
    found = []
    for member in weights:
        preset = member.transforms()
        accuracy = member.meta["_metrics"]["ImageNet-1K"]
        found.append(
            {
                "name": member.name,
                "url": member.url,
                "megabytes": round(member.meta["_file_size"], 1),
                "top1": accuracy["acc@1"],
                "top5": accuracy["acc@5"],
                "resize": preset.resize_size[0],
                "crop": preset.crop_size[0],
                "interpolation": preset.interpolation.value,
                "mean": list(preset.mean),
                "std": list(preset.std),
            }
        )
    meta = weights[0].meta
    return {
        "name": name,
        "title": title(name),
        "family": {"vgg": "VGG", "resnet": "ResNet"}[family],
        "parameters": meta["num_params"],
        "gflops": round(meta["_ops"], 3),
        "weights": found,
    }


def main() -> None:
    models = [EFFICIENTNET_LITE0]
    models += [entry(name, family) for family, names in NAMES.items() for name in names]
    target = Path(__file__).parents[1] / "tlstudio" / "models" / "architectures.json"
    target.write_text(json.dumps(models, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
