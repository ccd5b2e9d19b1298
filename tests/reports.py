"""What the tests look up in a report, so that no figure of one checkpoint is written into them."""


def confusions(report: dict) -> list[tuple[int, int, int]]:
    """(truth, answer, count) of each kind of mistake, the most frequent first, then in the order of the matrix."""
    matrix = enumerate(report["confusion_matrix"])
    found = [(row, column, n) for row, line in matrix for column, n in enumerate(line) if row != column and n]
    return sorted(found, key=lambda confusion: -confusion[2])
