#!/usr/bin/env python3
"""Draws the mean loss of each epoch of one or more trainings into one picture.

    tools/plot_losses.py -o losses.png "learning rate 0.001=a.run" "learning rate 0.01=b.run"

Each argument is a run's folder, or a name for it, = and the folder. Solid lines are the mean loss
of an epoch's steps, dashed lines what was measured on the validation pictures, all from the run's
log.csv. Needs matplotlib (Debian: python3-matplotlib).
"""
import argparse
import csv
import pathlib
import sys


def read(folder):
    """The epochs, their mean losses, and {epoch: validation loss} of a run."""
    path = pathlib.Path(folder) / "log.csv"
    sums, validation = {}, {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                epoch = int(row["epoch"])
                if row["loss"]:
                    total, count = sums.get(epoch, (0.0, 0))
                    sums[epoch] = (total + float(row["loss"]), count + 1)
                if row["validation_loss"]:
                    validation[epoch] = float(row["validation_loss"])
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"plot_losses: {path}: cannot be read as a run's log: {error}")
    if not sums:
        sys.exit(f"plot_losses: {path}: has no losses")
    return {epoch: total / count for epoch, (total, count) in sorted(sums.items())}, validation


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="picture to write")
    parser.add_argument("--log", action="store_true", help="losses on a logarithmic scale")
    parser.add_argument("runs", nargs="+", metavar="[NAME=]FOLDER")
    options = parser.parse_args()
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        sys.exit("plot_losses: needs matplotlib (Debian: python3-matplotlib)")
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=100, layout="constrained")
    for run in options.runs:
        name, _, folder = run.rpartition("=")
        losses, validation = read(folder)
        line, = axes.plot(list(losses), list(losses.values()), label=name or folder)
        if validation:
            axes.plot(list(validation), list(validation.values()), "--", color=line.get_color(),
                      label=f"{name or folder}, validation")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    if options.log:
        axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(options.output)


if __name__ == "__main__":
    main()
