"""More pictures to train on, from data sets beside the first: corrections that visitors of the app gave, say.

    data = with_extra(load_data(config), config)

Nothing of them is validated or tested on, so that figures stay comparable.
"""

from dataclasses import replace

import torch
from datasets import Image

from .config import public_name
from .data import Data, DataConfig, Split, decode_images, find_columns, label_texts, load_splits
from .errors import MnistModelError


def with_extra(data: Data, config: DataConfig) -> Data:
    """The same, with the pictures of `config.extra_dataset` among those to train on, always in the same order.

    Pictures are taken or brought into form as those of the first data set are. Labels go by their names, and what has
    none of the first data set's is left out: "none", say, where a visitor said that a picture shows no digit.

    Raises:
        MnistModelError: a data set cannot be had, lacks a column of pictures or of labels, or has no label in common.
    """
    parts, extra = [data.train], {}
    for dataset in config.extra_dataset:
        split = _load(dataset, data.label_names, config)
        parts.append(split)
        extra[public_name(dataset)] = extra.get(public_name(dataset), 0) + len(split)
    images, labels = torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts])
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))  # k-NN keeps the first
    return replace(data, train=Split(images, labels)[order], extra=extra)


def _load(dataset: str, label_names: list[str], config: DataConfig) -> Split:
    splits = load_splits(dataset)
    rows = splits[config.train_split if config.train_split in splits else next(iter(splits))]
    asked = {name: getattr(config, name) for name in ("image_column", "label_column")}
    here = {name: column if column in rows.features else None for name, column in asked.items()}
    image_column, label_column = find_columns(rows, replace(config, dataset=dataset, **here))
    names = label_texts(rows, label_column)
    # `datasets` reads the folders of a data set in no certain order: by their paths it is one, and that of the days.
    files = rows.cast_column(image_column, Image(decode=False))[image_column]
    paths = [file and file["path"] or "" for file in files]
    order = [index for index in sorted(range(len(rows)), key=paths.__getitem__) if names[index] in label_names]
    if not order:
        raise MnistModelError(f"{dataset} has no picture with one of the labels {', '.join(label_names)}.")
    images = decode_images(rows.select(order), image_column)
    last = {image.tobytes(): place for place, image in enumerate(images)}  # who errs in a correction corrects it again
    kept = sorted(last.values())
    labels = [label_names.index(names[order[place]]) for place in kept]
    return Split(torch.from_numpy(images[kept]), torch.tensor(labels, dtype=torch.int64))
