"""Columns of a Parquet file, with numpy alone: the Space reads one small file, for which pyarrow would be 150 MB.

Flat columns and fields of structs are read, of bytes and of integers, stored plainly or by a dictionary, uncompressed
or compressed with Snappy or gzip: what `datasets` and the Hub write. Anything else is a ValueError that says so.
"""

import zlib
from pathlib import Path

import numpy as np

DATA, DICTIONARY, DATA_V2 = 0, 2, 3  # kinds of pages
INTEGERS = {1: "<i4", 2: "<i8"}  # physical types
BYTE_ARRAY = 6
PLAIN, PLAIN_DICTIONARY, RLE_DICTIONARY = 0, 2, 8  # encodings
REQUIRED, OPTIONAL = 0, 1


def read_columns(path: Path, names: list[str]) -> dict[str, list]:
    """The values of some columns, in the order of the rows; None for null.

    Args:
        path: of a Parquet file.
        names: with dots into structs, such as "image.bytes".
    Raises:
        ValueError: the file is damaged, lacks a column, or stores it in a way that is not read here.
    """
    data = path.read_bytes()
    if len(data) < 12 or data[:4] != b"PAR1" or data[-4:] != b"PAR1":
        raise ValueError("it is no Parquet file, or cut short")
    try:
        footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
        about = Thrift(data, footer).struct()
        depths = _depths(about[2])
        columns: dict[str, list] = {name: [] for name in names}
        for group in about.get(4, []):
            chunks = {".".join(part.decode() for part in chunk[3][3]): chunk[3] for chunk in group[1]}
            for name in names:
                if name not in chunks:
                    raise ValueError(f"it has no column {name}")
                columns[name] += _read_chunk(data, chunks[name], depths[name], about[3])
    except ValueError:
        raise
    except Exception as error:  # any step may stumble over bytes that are not what they should be
        raise ValueError("it is damaged") from error
    return columns


def _depths(schema: list[dict]) -> dict[str, int | None]:
    """Of each column how many of its levels may be null; None where one of them repeats."""
    depths, elements = {}, iter(schema[1:])

    def walk(children: int, path: tuple, depth: int | None) -> None:
        for _ in range(children):
            element = next(elements, None)
            if element is None:
                raise ValueError("it is damaged")
            repetition = element.get(3, REQUIRED)
            here = None if depth is None or repetition > OPTIONAL else depth + repetition
            name = (*path, element[4].decode())
            if element.get(5):
                walk(element[5], name, here)
            else:
                depths[".".join(name)] = here

    walk(schema[0][5], (), 0)
    return depths


def _read_chunk(data: bytes, chunk: dict, depth: int | None, rows: int) -> list:
    kind, codec, count = chunk[1], chunk[4], chunk[5]
    if depth is None or (kind != BYTE_ARRAY and kind not in INTEGERS):
        raise ValueError("a column is a list, or of a type other than integers and bytes")
    if count > rows:
        raise ValueError("it is damaged")
    values: list = []
    dictionary: list = []
    at = min(chunk[9], chunk.get(11, chunk[9]))
    while len(values) < count:
        header = Thrift(data, at)
        page = header.struct()
        if page[3] < 0 or page.get(5, page.get(8, {1: 0}))[1] > count - len(values):
            raise ValueError("it is damaged")
        at = header.at + page[3]
        body = data[header.at : at]
        if page[1] == DICTIONARY:
            dictionary = _plain(_decompress(body, codec), kind, page[7][1])
        elif page[1] == DATA:
            body = _decompress(body, codec)
            length = int.from_bytes(body[:4], "little") + 4 if depth else 0
            values += _page_values(body[4:length], body[length:], page[5][1], page[5][2], depth, kind, dictionary)
        elif page[1] == DATA_V2:
            about = page[8]
            start = about[6] + about[5]  # the levels, which are never compressed
            rest = _decompress(body[start:], codec) if about.get(7, True) else body[start:]
            values += _page_values(body[about[6] : start], rest, about[1], about[4], depth, kind, dictionary)
    return values


def _page_values(
    levels: bytes, body: bytes, count: int, encoding: int, depth: int, kind: int, dictionary: list
) -> list:
    present = _runs(levels, depth.bit_length(), count) == depth if depth else np.ones(count, bool)
    filled = int(present.sum())
    if encoding == PLAIN:
        values = _plain(body, kind, filled)
    elif encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY):
        values = [dictionary[index] for index in _runs(body[1:], body[0], filled)] if filled else []
    else:
        raise ValueError(f"a column is stored in encoding {encoding}, which is not read here")
    if filled == count:
        return values
    following = iter(values)
    return [next(following) if there else None for there in present]


def _plain(body: bytes, kind: int, count: int) -> list:
    if kind in INTEGERS:
        size = np.dtype(INTEGERS[kind]).itemsize * count
        if len(body) < size:
            raise ValueError("it is damaged")
        return np.frombuffer(body[:size], INTEGERS[kind]).tolist()
    values, at = [], 0
    for _ in range(count):
        end = at + 4 + int.from_bytes(body[at : at + 4], "little")
        if end > len(body):
            raise ValueError("it is damaged")
        values.append(body[at + 4 : end])
        at = end
    return values


def _runs(body: bytes, width: int, count: int) -> np.ndarray:
    """`count` integers of `width` bits each: runs of one value, and groups of eight packed by bits."""
    if width == 0:
        return np.zeros(count, int)
    found, size, at = [], 0, 0
    while size < count:
        header, at = _varint(body, at)
        if header & 1:
            end = at + (header >> 1) * width
            bits = np.unpackbits(np.frombuffer(body[at:end], np.uint8), bitorder="little")
            found.append(bits.reshape(-1, width) @ (1 << np.arange(width)))
        else:
            end = at + (width + 7) // 8
            found.append(np.full(min(header >> 1, count), int.from_bytes(body[at:end], "little")))
        if end > len(body):
            raise ValueError("it is damaged")
        at, size = end, size + len(found[-1])
    return np.concatenate(found)[:count] if found else np.zeros(0, int)


def _decompress(body: bytes, codec: int) -> bytes:
    if codec == 0:
        return body
    if codec == 1:
        return _snappy(body)
    if codec == 2:
        return zlib.decompress(body, 47)
    raise ValueError(f"it is compressed with codec {codec}, which is not read here")


def _snappy(body: bytes) -> bytes:
    """https://github.com/google/snappy/blob/main/format_description.txt"""
    size, at = _varint(body, 0)
    out = bytearray()
    while at < len(body):
        tag = body[at]
        at += 1
        if tag & 3 == 0:  # bytes as they are
            length = tag >> 2
            if length >= 60:
                extra = length - 59
                length = int.from_bytes(body[at : at + extra], "little")
                at += extra
            out += body[at : at + length + 1]
            at += length + 1
            continue
        if tag & 3 == 1:  # a copy of what came before
            length, offset = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | body[at]
            at += 1
        else:
            length, extra = (tag >> 2) + 1, 2 if tag & 3 == 2 else 4
            offset = int.from_bytes(body[at : at + extra], "little")
            at += extra
        if not 0 < offset <= len(out):
            raise ValueError("it is damaged")
        start = len(out) - offset
        piece = out[start : start + length]
        out += (piece * (length // len(piece) + 1))[:length]  # it may reach into what it makes
    if len(out) != size:
        raise ValueError("it is damaged")
    return bytes(out)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


class Thrift:
    """Reads Thrift's compact protocol, in which Parquet describes itself: structs become dicts by field number."""

    def __init__(self, data: bytes, at: int):
        self.data, self.at = data, at

    def struct(self) -> dict:
        fields, number = {}, 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            kind = head & 15
            fields[number] = kind == 1 if kind in (1, 2) else self._value(kind)
        return fields

    def _value(self, kind: int):
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return self._zigzag()
        if kind in (7, 8):
            return self._bytes(8 if kind == 7 else self._varint())
        if kind in (9, 10):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._varint()
            return [self._value(head & 15) for _ in range(size)]
        if kind == 12:
            return self.struct()
        raise ValueError("it is damaged")

    def _bytes(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self.data):
            raise ValueError("it is damaged")
        return self.data[self.at - size : self.at]

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _varint(self) -> int:
        value, self.at = _varint(self.data, self.at)
        return value

    def _zigzag(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)
