"""Digits on paper as a phone photographs them: pen, paper, camera, light, lens, sensor and JPEG, each simulated.

Light falls on what reflects it, in linear values as light is, until the sensor's values are encoded.
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mnist_model.handwriting import Strokes, fit

from .paper import PENS, aim, rule, smooth, write
from .render import Colour

SENSORS = ((2048, 1536), (2592, 1944), (3264, 1836), (3264, 2448), (4000, 3000))
DIGIT_HEIGHT = (0.05, 0.9)  # of the picture's height
MIN_VIEW_MM = 25  # nobody photographs a smaller piece of paper
BAND = 64  # rows that are developed at once: what a core's cache holds
LIGHT_CELL = 8  # pixels of the picture to one of the light


def photograph(strokes: Strokes, seed: int | list[int], size: tuple[int, int] | None = None) -> Image.Image:
    """Photograph one digit on paper.

    Args:
        strokes: the digit, in any unit; none for a sheet that nobody wrote on.
        seed: of all that chance decides: pen, paper, camera, light.
        size: width and height of the upright picture in pixels; chance decides when None.
    Returns:
        an RGB picture of 3 to 12 megapixels, read back from a JPEG; like a phone's, it may have to be turned by its
        EXIF orientation. The digit's height is 5 to 90% of the upright picture's, less where it is too wide for that.
    """
    rng = np.random.default_rng(seed)
    size = size or _sensor(rng)
    pen = list(PENS.values())[rng.choice(len(PENS), p=[pen.share for pen in PENS.values()])]
    share = np.exp(rng.uniform(*np.log(DIGIT_HEIGHT)))
    height = max(np.exp(rng.uniform(*np.log(pen.height))), share * MIN_VIEW_MM)
    paths = [smooth(path) for path in fit(strokes, (0, 0, 20 * height, height))] if strokes else []
    view = aim(np.concatenate(paths or [[(0, 0), (0.6 * height, height)]]), size, share, rng)
    width = rng.uniform(*pen.width) * view.pixels_per_mm
    ink = write([view.project(path) for path in paths], width, pen, view, rng) if paths else None
    lines, line_colour = rule(view, rng)
    ink, lines = blur([ink, lines], width, size, rng)
    colour = pen.colours[rng.integers(len(pen.colours))]
    return compress(develop(light_field(size, rng), [(ink, colour), (lines, line_colour)], rng), rng)


def _sensor(rng: np.random.Generator) -> tuple[int, int]:
    long, short = SENSORS[rng.integers(len(SENSORS))]
    return (short, long) if rng.random() < 0.6 else (long, short)


def blur(
    layers: list[Image.Image | None], width: float, size: tuple[int, int], rng: np.random.Generator
) -> list[np.ndarray | None]:
    """The lens out of focus, and a hand that moved: never by so much that the line is lost."""
    focus = rng.uniform(0.5, 1.0)
    if rng.random() < 0.5:
        focus = max(focus, min(rng.uniform(0, 0.002) * size[1], 0.5 * width))
    motion = min(rng.uniform(0, 0.005) * size[1], 1.2 * width) if rng.random() < 0.25 else 0.0
    angle = rng.uniform(0, np.pi)
    steps = np.linspace(-0.5, 0.5, min(9, int(motion) + 1)) if motion >= 2 else []
    shifts = {(round(motion * t * np.sin(angle)), round(motion * t * np.cos(angle))) for t in steps}
    blurred = []
    for layer in layers:
        box = layer and layer.getbbox()
        if not box:
            blurred.append(None)
            continue
        reach = int(4 * focus + motion) + 1
        left, top = (max(side - reach, 0) for side in box[:2])
        right, bottom = (min(side + reach, most) for side, most in zip(box[2:], size, strict=True))
        part = np.asarray(layer.crop((left, top, right, bottom)).filter(ImageFilter.GaussianBlur(float(focus))))
        if shifts:
            total = sum(np.roll(part, shift, (0, 1)).astype(np.uint16) for shift in shifts)
            part = (total // len(shifts)).astype(np.uint8)
        whole = np.zeros(size[::-1], np.uint8)
        whole[top:bottom, left:right] = part
        blurred.append(whole)
    return blurred


def light_field(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Light on the paper and through the lens: float32, shape (H, W), at most 1."""
    width, height = (side // LIGHT_CELL for side in size)
    y, x = np.mgrid[:height, :width].astype(np.float32) / height
    middle = width / height / 2
    # A lamp or a window at some height beside the page, and what the room reflects.
    lamp = rng.uniform(-1.5, 1.5, 2) + (middle, 0.5)
    above = rng.uniform(0.8, 3.0)
    light = (1 + ((x - lamp[0]) ** 2 + (y - lamp[1]) ** 2) / above**2) ** -1.5
    light = light / light.max() + rng.uniform(0.1, 1.0)
    light *= (1 + rng.uniform(0, 0.25) * ((x - middle) ** 2 + (y - 0.5) ** 2)) ** -2  # the lens
    bend, at = rng.uniform(0, 0.04), rng.uniform(0, 6.28, 2)
    light *= 1 + bend * np.sin(3 * x * np.cos(at[0]) + 3 * y * np.sin(at[0]) + at[1])  # paper is never quite flat
    for chance in (0.45, 0.15):
        if rng.random() < chance:
            light *= 1 - rng.uniform(0.15, 0.6) * shadow((width, height), rng)
    light = Image.fromarray((light / light.max()).astype(np.float32))
    return np.asarray(light.resize(size, Image.Resampling.BILINEAR))


def shadow(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A hand's or a phone's: 0 in the light, 1 in the dark, between in the penumbra."""
    mask = Image.new("L", size, 0)
    brush = ImageDraw.Draw(mask)
    centre, angle = rng.uniform(0, 1, 2) * size, rng.uniform(0, 2 * np.pi)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    far = 3 * max(size)
    if rng.random() < 0.5:  # a straight edge
        edge = [centre - across * far, centre + across * far]
        corners = [*edge, edge[1] + along * far, edge[0] + along * far]
        brush.polygon([tuple(corner) for corner in corners], fill=255)
    else:  # an arm with a hand
        thick = rng.uniform(0.08, 0.25) * size[1]
        brush.line([tuple(centre), tuple(centre + along * far)], fill=255, width=int(2 * thick))
        for _ in range(5):
            x, y = centre + rng.normal(0, 0.7 * thick, 2)
            brush.ellipse([x - thick, y - thick, x + thick, y + thick], fill=255)
    soft = float(np.exp(rng.uniform(*np.log([0.004, 0.08]))) * size[1])
    return np.asarray(mask.filter(ImageFilter.GaussianBlur(soft)), np.float32) / 255


def develop(light: np.ndarray, layers: list[tuple[np.ndarray | None, Colour]], rng: np.random.Generator) -> np.ndarray:
    """From light on paper to the sensor's encoded values: uint8, shape (H, W, 3)."""
    paper = np.array([1.0, rng.uniform(0.96, 1.0), rng.uniform(0.85, 1.0)])
    warmth = rng.normal(0, 0.07)  # what the camera's white balance left of a lamp or a blue sky
    balance = np.array([1 + warmth, 1 + rng.normal(0, 0.01), 1 - 1.3 * warmth])
    exposure = rng.uniform(0.35, 0.95) / np.percentile(light[::16, ::16], 90)
    curve = tone_curve(rng.uniform(0, 0.5))
    # The noise of photons grows as the root of the light; encoding, a root too, makes it even.
    strength, grain = np.exp(rng.uniform(*np.log([0.6, 5]))), rng.uniform(0.002, 0.02)
    noise = noise_tile(strength, rng)
    fibres = 1 + grain * noise_tile(1.0, rng)[:, :, :1]
    layers = [(ink, to_linear(colour)) for ink, colour in layers if ink is not None]
    height, width = light.shape
    across = -(-width // noise.shape[1])
    noise, fibres = (np.tile(tile, (1, across, 1))[:, :width] for tile in (noise, fibres))
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, BAND):
        rows = slice(top, min(top + BAND, height))
        tile = slice(top % len(noise), top % len(noise) + rows.stop - top)
        lit = light[rows] * fibres[tile, :, 0] * exposure
        for channel in range(3):
            value = lit * (paper * balance)[channel]
            for ink, reflected in layers:
                value *= 1 - ink[rows] * np.float32((1 - reflected[channel]) / 255)
            encoded = curve[np.minimum(value * 4095, 4095).astype(np.uint16)]
            pixels[rows, :, channel] = np.clip(encoded + noise[tile, :, channel], 0, 255)
    return pixels


def tone_curve(contrast: float) -> np.ndarray:
    """Linear light, 0 to 1 in 4096 steps, to sRGB, 0 to 255, a little steeper in the middle."""
    linear = np.linspace(0, 1, 4096)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    steep = encoded * encoded * (3 - 2 * encoded)
    return (255 * (encoded + contrast * (steep - encoded))).astype(np.float32)


def to_linear(colour: Colour) -> np.ndarray:
    return (np.array(colour) / 255) ** 2.2


def noise_tile(strength: float, rng: np.random.Generator, side: int = 8 * BAND) -> np.ndarray:
    """Noise of brightness, and half as much of colour in larger blots: float32, shape (side, side, 3)."""

    def field(softness: float) -> np.ndarray:
        grey = Image.fromarray(np.clip(rng.normal(128, 40, (side, side)), 0, 255).astype(np.uint8))
        values = np.asarray(grey.filter(ImageFilter.GaussianBlur(softness)), np.float32)
        return (values - values.mean()) / values.std()

    brightness, colours = field(rng.uniform(0.3, 0.9)), [field(2.0) for _ in range(3)]
    return np.stack([strength * (brightness + 0.5 * colour) for colour in colours], axis=-1).astype(np.float32)


def compress(pixels: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """To JPEG and back, now and then with the sensor lying on its side and a tag that says so."""
    image, exif = Image.fromarray(pixels), Image.Exif()
    turns = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270, 3: Image.Transpose.ROTATE_180}
    if rng.random() < 0.3:
        orientation = int(rng.choice(list(turns)))
        image = image.transpose(turns[orientation])
        exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(55, 96)), subsampling="4:2:0", exif=exif)
    photo = Image.open(file)
    photo.load()
    return photo
