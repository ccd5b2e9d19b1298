"""How each model is trained: what differs from the defaults of `TrainingConfig` and `AugmentConfig`, as data.

`train.py --model NAME` takes its recipe from here; an option that is given prevails.
"""

from typing import Any

AS_THEY_ARE = dict.fromkeys(("rotation", "scale", "shear", "shift", "elastic", "thickness", "styles", "blur"), 0.0)
SHIFTED = {**AS_THEY_ARE, "rotation": 10.0, "scale": 0.1, "shift": 1.5}
# A few thousand parameters learn MNIST's digits less well, the further these are bent.
GENTLE = {
    "rotation": 7.0,
    "scale": 0.07,
    "shear": 0.1,
    "shift": 1.0,
    "elastic": 0.3,
    "thickness": 0.15,
    "styles": 0.15,
    "blur": 0.2,
}

RECIPES: dict[str, dict[str, Any]] = {
    "mnist_linear": {
        **AS_THEY_ARE,
        "optimizer": "sgd",
        "learning_rate": 0.02,
        "weight_decay": 1e-3,
        "epochs": 20,
        "rejection_epochs": 0,
    },
    "mnist_knn": {**AS_THEY_ARE, "epochs": 0, "rejection_epochs": 0},
    "mnist_mlp": {
        **AS_THEY_ARE,
        "optimizer": "rmsprop",
        "learning_rate": 2e-4,  # timm's RMSprop has a momentum of 0.9, which multiplies it by ten
        "weight_decay": 0.0,
        "epochs": 5,
        "rejection_epochs": 0,
    },
    "mnist_mlp_scaled": {
        **SHIFTED,
        "optimizer": "adam",
        "learning_rate": 3e-3,
        "weight_decay": 0.0,
        "epochs": 20,
        "rejection_epochs": 0,
    },
    "mnist_cnn_basic": {
        **AS_THEY_ARE,
        "optimizer": "adam",
        "learning_rate": 3e-3,
        "weight_decay": 0.0,
        "dropout": 0.3,
        "epochs": 8,
        "rejection_epochs": 0,
    },
    "mnist_cnn_dropout": {
        **AS_THEY_ARE,
        "optimizer": "adam",
        "learning_rate": 2e-3,
        "weight_decay": 0.0,
        "dropout": 0.3,
        "epochs": 12,
        "rejection_epochs": 0,
    },
    "mnist_cnn_bn": {
        **SHIFTED,
        "optimizer": "adam",
        "learning_rate": 2e-3,
        "schedule": "plateau",
        "weight_decay": 1e-5,
        "dropout": 0.2,
        "early_stopping_patience": 6,
        "keep": "best",
        "epochs": 20,
        "rejection_epochs": 0,
    },
    "mnist_cnn_nano": {**GENTLE, "learning_rate": 6e-3, "epochs": 28, "rejection_epochs": 0},
    "mnist_cnn_small": {"learning_rate": 4e-3, "epochs": 25, "rejection_epochs": 0},
    "mnist_cnn": {"epochs": 15, "warmup_fraction": 0.05, "hard_edges": 0.06, "anneal": 0.4},
}
