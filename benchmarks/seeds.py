"""Test accuracy of each model's recipe over seeds: one forward pass after training.

python benchmarks/seeds.py                                   # the table of the committed reports
python benchmarks/seeds.py --train 0 1 2 [train.py options]  # trains anew: mnist_cnn
python benchmarks/seeds.py --train 0 1 2 --model mnist_mlp   # or another model
python benchmarks/seeds.py --bundle --model mnist_mlp        # seed 0's checkpoint, as it ships with the package
"""

import argparse
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from mnist_model.config import bundled_checkpoint, read_config
from mnist_model.evaluation import Report

REPORTS = Path(__file__).parent / "reports"
BUNDLED = ("config.json", "model.safetensors", "model.onnx", "report.json", "*.py", "rejection.onnx")
PLOTS = ("training_curves.png", "confusion_matrix.png", "reliability.png", "rejection.png")


def run_folder(model: str, seed: int) -> Path:
    return Path("runs", model, f"seed{seed}")


def train(model: str, seed: int, options: list[str]) -> None:
    output = run_folder(model, seed)
    launch = [sys.executable, "-m", "accelerate.commands.launch", "train.py"]
    command = [*launch, "--model", model, "--seed", str(seed), "--output-dir", str(output), *options]
    subprocess.run(command, check=True)
    report = REPORTS / model / f"seed{seed}.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(output / "checkpoint" / "report.json", report)


def bundle(model: str) -> None:
    """Plots of the default model alone, for the size of the package; never mistakes.png, which shows MNIST itself."""
    source, target = run_folder(model, 0) / "checkpoint", bundled_checkpoint(model)
    read_config(source)  # before anything is deleted
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for pattern in BUNDLED + (PLOTS if model == "mnist_cnn" else ()):
        for file in source.glob(pattern):
            shutil.copyfile(file, target / file.name)


def print_table(model: str) -> None:
    accuracies = []
    print(f"\n{model}\nseed   accuracy   mistakes   NLL      ECE      training   threads")
    for path in sorted((REPORTS / model).glob("seed*.json")):
        report = Report.load(path)
        accuracies.append(report.accuracy)
        cost = report.cost
        print(
            f"{path.stem[4:]:<6} {report.accuracy:<10.2%} {report.errors:<10} {report.nll:<8.4f} {report.ece:<8.4f} "
            f"{cost['training_seconds'] / 60:4.1f} min   {cost['threads']}"
        )
    print(f"mean {statistics.mean(accuracies):.3%} of {len(accuracies)}", end="")
    if len(accuracies) > 1:
        print(f", standard deviation {statistics.stdev(accuracies) * 100:.3f} points", end="")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, nargs="+", default=[], metavar="SEED")
    parser.add_argument("--bundle", action="store_true")
    parser.add_argument("--model", help="default: to train, mnist_cnn; to print, all")
    options, for_train_py = parser.parse_known_args()
    for seed in options.train:
        train(options.model or "mnist_cnn", seed, for_train_py)
    if options.bundle:
        bundle(options.model or "mnist_cnn")
    for model in [options.model] if options.model else sorted(path.name for path in REPORTS.iterdir() if path.is_dir()):
        print_table(model)


if __name__ == "__main__":
    main()
