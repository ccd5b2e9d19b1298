"""Test accuracy of the default recipe over seeds: last epoch, one forward pass.

python benchmarks/seeds.py                                  # the table of the committed reports
python benchmarks/seeds.py --train 0 1 2 [train.py options]   # trains them anew (14 minutes each on 2 cores)
"""

import argparse
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from mnist_model.evaluation import Report

REPORTS = Path(__file__).parent / "reports"


def train(seed: int, options: list[str]) -> None:
    output = Path("runs", f"seed{seed}")
    launch = [sys.executable, "-m", "accelerate.commands.launch", "train.py"]
    command = [*launch, "--seed", str(seed), "--output-dir", str(output), *options]
    subprocess.run(command, check=True)
    shutil.copyfile(output / "checkpoint" / "report.json", REPORTS / f"seed{seed}.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, nargs="+", default=[], metavar="SEED")
    options, for_train_py = parser.parse_known_args()
    for seed in options.train:
        train(seed, for_train_py)
    accuracies = []
    print("seed   accuracy   mistakes   NLL      ECE      training   threads")
    for path in sorted(REPORTS.glob("seed*.json")):
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


if __name__ == "__main__":
    main()
