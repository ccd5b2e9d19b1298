"""The models that people start with, as timm models: a perceptron of any depth, convolutions, nearest neighbours.

They keep timm's contract (`forward_features`, `forward_head`, `reset_classifier`, any `num_classes` and `in_chans`),
and are registered in `architectures.py`. What they know of the data and no gradient teaches them, a scaler or a set of
references, they take from `fit_buffers(pixel_values, labels)` before the first epoch.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .errors import MnistModelError
from .preprocessing import PIXEL_MEAN, PIXEL_STD

SMALLEST_STD = 0.1  # of standardised pixels: those that are dark in almost all pictures are not blown up


class _Classifier(nn.Module):
    """What all have in common: a classifier `fc` over `num_features` numbers, and timm's ways to ask for its parts."""

    def __init__(self, num_features: int, num_classes: int, in_chans: int, drop_rate: float = 0.0):
        super().__init__()
        self.num_features = self.head_hidden_size = num_features
        self.num_classes, self.in_chans = num_classes, in_chans
        self.drop = nn.Dropout(drop_rate)
        self.fc = nn.Linear(num_features, num_classes) if num_classes else nn.Identity()

    def get_classifier(self) -> nn.Module:
        return self.fc

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """A new classifier. `global_pool` is part of timm's signature; there is one way to pool here."""
        self.num_classes = num_classes
        self.fc = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()

    def forward_features(self, pixel_values: Tensor) -> Tensor:
        raise NotImplementedError

    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        hidden = self.drop(self.pooled(features))
        return hidden if pre_logits else self.fc(hidden)

    def pooled(self, features: Tensor) -> Tensor:
        """From the features, shape (B, C, H, W), what the classifier sees, shape (B, num_features)."""
        return features.flatten(1)

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(pixel_values))


class Standardizer(nn.Module):
    """Each pixel less its mean, over its standard deviation, both over the training pictures."""

    mean: Tensor
    std: Tensor

    def __init__(self, pixels: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(pixels))
        self.register_buffer("std", torch.ones(pixels))

    def fit(self, pixels: Tensor) -> None:
        self.mean.copy_(pixels.mean(dim=0))
        self.std.copy_(pixels.std(dim=0).clamp(min=SMALLEST_STD))

    def forward(self, pixels: Tensor) -> Tensor:
        return (pixels - self.mean) / self.std


class Perceptron(_Classifier):
    """A multilayer perceptron with ReLU; without hidden layers, multinomial logistic regression.

    Args:
        hidden: units of each hidden layer.
        standardize: whether each pixel is standardised first, by its own mean and deviation over the training pictures.
        input_size: height and width of the pictures, in pixels; the mean is taken over their channels.
    """

    def __init__(
        self,
        hidden: tuple[int, ...] = (),
        standardize: bool = False,
        input_size: int = 28,
        num_classes: int = 10,
        in_chans: int = 3,
        drop_rate: float = 0.0,
    ):
        sizes = (input_size * input_size, *hidden)
        super().__init__(sizes[-1], num_classes, in_chans, drop_rate)
        self.scaler = Standardizer(sizes[0]) if standardize else nn.Identity()
        self.layers = nn.Sequential(
            *(nn.Sequential(nn.Linear(fan_in, units), nn.ReLU()) for fan_in, units in zip(sizes, hidden, strict=False))
        )

    def fit_buffers(self, pixel_values: Tensor, labels: Tensor) -> None:
        if isinstance(self.scaler, Standardizer):
            self.scaler.fit(pixel_values.mean(dim=1).flatten(1))

    def forward_features(self, pixel_values: Tensor) -> Tensor:
        """Shape (B, units of the last hidden layer, 1, 1)."""
        pixels = pixel_values.mean(dim=1).flatten(1)
        return self.layers(self.scaler(pixels))[:, :, None, None]


class ConvNet(_Classifier):
    """Blocks of 3x3 convolutions, each block ended by 2x2 max pooling, then a hidden layer if there is one.

    Args:
        blocks: of each block the channels of its convolutions.
        dense: units of the hidden layer; 0 for none.
        batch_norm: normalise after each convolution.
        block_dropout: share of whole channels dropped after each block.
        average: the mean over the last feature map is taken, in place of every position of it.
        input_size: height and width of the pictures, in pixels.
    """

    def __init__(
        self,
        blocks: tuple[tuple[int, ...], ...],
        dense: int = 0,
        batch_norm: bool = False,
        block_dropout: float = 0.0,
        average: bool = False,
        input_size: int = 28,
        num_classes: int = 10,
        in_chans: int = 3,
        drop_rate: float = 0.0,
    ):
        positions = 1 if average else (input_size >> len(blocks)) ** 2
        pooled = blocks[-1][-1] * positions
        super().__init__(dense or pooled, num_classes, in_chans, drop_rate)
        self.average = average
        layers: list[nn.Module] = []
        channels = in_chans
        for block in blocks:
            for out_channels in block:
                layers.append(nn.Conv2d(channels, out_channels, 3, padding=1, bias=not batch_norm))
                layers += [nn.BatchNorm2d(out_channels)] * batch_norm + [nn.ReLU()]
                channels = out_channels
            layers += [nn.MaxPool2d(2)] + [nn.Dropout2d(block_dropout)] * bool(block_dropout)
        self.features = nn.Sequential(*layers)
        self.dense = nn.Sequential(nn.Linear(pooled, dense), nn.ReLU()) if dense else nn.Identity()

    def forward_features(self, pixel_values: Tensor) -> Tensor:
        """Shape (B, channels of the last convolution, H, W)."""
        return self.features(pixel_values)

    def pooled(self, features: Tensor) -> Tensor:
        return self.dense(features.mean(dim=(2, 3)) if self.average else features.flatten(1))


def deskew(pixel_values: Tensor) -> Tensor:
    """Shift the rows of each picture so that its ink does not lean (LeCun et al., 1998).

    Args:
        pixel_values: standardised, shape (B, C, H, W); the mean is taken over the channels.
    Returns:
        Shape (B, H, W), values 0 to 1.
    """
    ink = pixel_values.mean(dim=1) * PIXEL_STD + PIXEL_MEAN
    side = ink.shape[-1]
    place = torch.arange(side, dtype=ink.dtype, device=ink.device) - (side - 1) / 2
    mass = ink.sum(dim=(1, 2)).clamp(min=1e-3)
    middle_x, middle_y = ((ink.sum(dim=dim) * place).sum(dim=1) / mass for dim in (1, 2))
    x, y = place - middle_x[:, None], place - middle_y[:, None]  # (B, W) and (B, H)
    weighted = ink * y[:, :, None]
    lean = (weighted * x[:, None]).sum(dim=(1, 2)) / (weighted * y[:, :, None]).sum(dim=(1, 2)).clamp(min=1e-3)
    columns = place[None, None] + (lean[:, None] * y)[:, :, None]  # (B, H, W)
    rows = place[None, :, None].expand_as(columns)
    grid = torch.stack([columns, rows], dim=3) * (2 / side)
    return F.grid_sample(ink[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)[:, 0]


class NearestNeighbours(_Classifier):
    """k nearest neighbours by exact search, each voting with the inverse square of its distance.

    Digits are set upright (`deskew`). Distances are taken between the first principal components of pictures, which are
    kept in 8 bits each. The logits are the logarithms of the shares of the vote; `fc` is the identity until a
    temperature is folded into it.

    Args:
        references: how many training pictures are kept, at most.
        components: principal components of each.
        input_size: height and width of the pictures, in pixels; the mean is taken over their channels.
    """

    mean: Tensor
    projection: Tensor
    references: Tensor
    labels: Tensor
    neighbours: Tensor

    NEIGHBOURS = (3, 4, 5, 6, 8, 10)  # among which `fit_buffers` chooses
    FLOOR = 0.01  # votes for each label that has none: no logarithm is infinite

    def __init__(
        self,
        references: int = 36_000,
        components: int = 32,
        input_size: int = 28,
        num_classes: int = 10,
        in_chans: int = 3,
        drop_rate: float = 0.0,
    ):
        super().__init__(num_classes, num_classes, in_chans, drop_rate)
        if isinstance(self.fc, nn.Linear):
            nn.init.eye_(self.fc.weight)
            nn.init.zeros_(self.fc.bias)
        self.fc.requires_grad_(False)
        self.register_buffer("mean", torch.zeros(input_size * input_size))
        self.register_buffer("projection", torch.zeros(input_size * input_size, components))
        self.register_buffer("references", torch.zeros(references, components, dtype=torch.int8))
        self.register_buffer("labels", torch.zeros(references, dtype=torch.uint8))
        self.register_buffer("neighbours", torch.tensor(self.NEIGHBOURS[0]))

    def fit_buffers(self, pixel_values: Tensor, labels: Tensor) -> None:
        """Keep the first pictures; choose the number of neighbours by cross-validation in five parts of them.

        Fewer pictures than there is room for are repeated to fill it, as the shape is part of the checkpoint.

        Raises:
            MnistModelError: there are too few to choose by.
        """
        if len(pixel_values) < 2 * self.NEIGHBOURS[-1]:
            raise MnistModelError(f"Nearest neighbours are chosen among at least {2 * self.NEIGHBOURS[-1]} pictures.")
        pixels = deskew(pixel_values).flatten(1)
        self.mean.copy_(pixels.mean(dim=0))
        centred = pixels - self.mean
        covariance = (centred.T @ centred / len(centred)).double()  # in 32 bits, of few pictures, it may not converge
        components = torch.linalg.eigh(covariance).eigenvectors.flip(dims=[1]).float()
        components = components[:, : self.projection.shape[1]]
        projected = centred @ components
        scale = 127 / projected.abs().max()
        self.projection.copy_(components * scale)
        places = torch.arange(len(self.references), device=pixels.device) % len(pixels)
        self.references.copy_((projected[places] * scale).round())
        self.labels.copy_(labels[places])
        self.neighbours.fill_(self._best_number_of_neighbours(min(len(pixels), len(self.references))))

    def _best_number_of_neighbours(self, pictures: int, folds: int = 5) -> int:
        references, labels = self.references[:pictures], self.labels[:pictures]
        fold = torch.arange(pictures, device=labels.device) % folds
        right = dict.fromkeys(self.NEIGHBOURS, 0)
        for held_out in range(folds):
            mine = fold == held_out
            for queries, truth in zip(references[mine].float().split(500), labels[mine].split(500), strict=True):
                nearest = self._nearest(queries, references[~mine], labels[~mine])
                for count in right:
                    right[count] += int((self._votes(*nearest, count).argmax(dim=1) == truth).sum())
        return max(right, key=right.__getitem__)

    def _nearest(self, queries: Tensor, references: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Squared distances and labels of the nearest references, shape (B, most neighbours) both."""
        known = references.float()
        squares = (known * known).sum(dim=1) - 2 * queries @ known.T  # less the square of the query
        nearest, places = squares.topk(self.NEIGHBOURS[-1], dim=1, largest=False)
        return nearest + (queries * queries).sum(dim=1, keepdim=True), labels[places]

    def _votes(self, squared_distances: Tensor, labels: Tensor, neighbours: Tensor | int) -> Tensor:
        """Shares of the vote, shape (B, labels)."""
        order = torch.arange(labels.shape[1], device=labels.device)
        weight = (order < neighbours) / squared_distances.clamp(min=1)
        votes = labels[:, :, None] == torch.arange(self.num_features, device=labels.device)
        shares = (votes * weight[:, :, None]).sum(dim=1)
        return shares / shares.sum(dim=1, keepdim=True)

    def forward_features(self, pixel_values: Tensor) -> Tensor:
        """Principal components, shape (B, components, 1, 1)."""
        pixels = deskew(pixel_values).flatten(1)
        return ((pixels - self.mean) @ self.projection)[:, :, None, None]

    def pooled(self, features: Tensor) -> Tensor:
        shares = self._votes(*self._nearest(features.flatten(1), self.references, self.labels), self.neighbours)
        return (shares + self.FLOOR).log()
