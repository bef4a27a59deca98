"""Colours of classes: those of the data sets that GluonCV's segmentation networks are trained on.

The values are the data sets' own, as ``gluoncv.utils.viz.get_color_pallete`` paints them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gcv_edge.runtime import drawing

Rgb = tuple[int, int, int]

ADE20K = """
787878 b47878 06e6e6 503232 04c803 787850 8c8c8c cc05ff e6e6e6 04fa07 e005ff ebff07 96053d 787846 08ff33
ff0652 8fff8c ccff04 ff3307 cc4603 0066c8 3de6fa ff0633 0b66ff ff0747 ff09e0 0907e6 dcdcdc ff095c 7009ff
08ffd6 07ffe0 ffb806 0aff47 ff290a 07ffff e0ff08 6608ff ff3d06 ffc207 ff7a08 00ff14 ff0829 ff0599 0633ff
eb0cff a09614 00a3ff 8c8c8c fa0a0f 14ff00 1fff00 ff1f00 ffe000 99ff00 0000ff ff4700 00ebff 00adff 1f00ff
0bc8c8 ff5200 00fff5 003dff 00ff70 00ff85 ff0000 ffa300 ff6600 c2ff00 008fff 33ff00 0052ff 00ff29 00ffad
0a00ff adff00 00ff99 ff5c00 ff00ff ff00f5 ff0066 ffad00 ff0014 ffb8b8 001fff 00ff3d 0047ff ff00cc 00ffc2
00ff52 000aff 0070ff 3300ff 00c2ff 007aff 00ffa3 ff9900 00ff0a ff7000 8fff00 5200ff a3ff00 ffeb00 08b8aa
8500ff 00ff5c b800ff ff001f 00b8ff 00d6ff ff0070 5cff00 00e0ff 70e0ff 46b8a0 a300ff 9900ff 47ff00 ff00a3
ffcc00 ff008f 00ffeb 85ff00 ff00eb f500ff ff007a fff500 0abed4 d6ff00 00ccff 1400ff ffff00 0099ff 0029ff
00ffcc 2900ff 29ff00 ad00ff 00f5ff 4700ff 7a00ff 00ffb8 005cff b8ff00 0085ff ffd600 19c2c2 66ff00 5c00ff
"""
CITYSCAPES = """
804080 f423e8 464646 66669c be9999 999999 faaa1e dcdc00 6b8e23 98fb98 0082b4 dc143c ff0000 00008e 000046
003c64 005064 0000e6 770b20
"""
MHP = """
ffffff a52a2a ff0000 008000 a52a2a ff4500 ff1493 1e90ff 556b2f 008080 8b4513 4682b4 32cd32 0000cd 00bfff
00ffff 00fa9a adff2f ffff00
"""


class Palette(NamedTuple):
    """Colours of a data set's classes.

    Attributes:
        colors: red, green, blue, by class id; classes beyond the last have those of ``drawing.color_of``.
        background: the class that is not tinted, or None.
    """

    colors: tuple[Rgb, ...]
    background: int | None

    def color_of(self, class_id: int) -> Rgb:
        """Return a class's red, green and blue."""
        if class_id < len(self.colors):
            return self.colors[class_id]
        blue, green, red = drawing.color_of(class_id)
        return red, green, blue

    def tints(self, class_ids: Iterable[int], color: str) -> dict[int, drawing.Color]:
        """Return the colours of classes that are tinted, in a frame's own order: ``bgr`` or ``rgb``."""
        step = 1 if color == "rgb" else -1
        tinted = (class_id for class_id in class_ids if class_id != self.background)
        return {class_id: self.color_of(class_id)[::step] for class_id in tinted}  # type: ignore[misc]


def voc_color(class_id: int) -> Rgb:
    """Return Pascal VOC's colour of a class, 0 to 255.

    Bits 0, 3 and 6 make red, 1, 4 and 7 green, 2 and 5 blue; low bits weigh most, as in the VOC development
    kit's VOCcolormap.
    """
    red, green, blue = (
        sum((class_id >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(8)) for channel in range(3)
    )
    return red, green, blue


def read_colors(text: str) -> tuple[Rgb, ...]:
    """Read colours that are written as in HTML."""
    return tuple(
        (value >> 16, value >> 8 & 255, value & 255) for value in (int(word, 16) for word in text.split())
    )


PALETTES = {
    "voc": Palette(tuple(map(voc_color, range(256))), 0),
    "ade20k": Palette(read_colors(ADE20K), None),
    "cityscapes": Palette(read_colors(CITYSCAPES), None),
    "mhp": Palette(read_colors(MHP), 0),
    "golden": Palette((), 0),
}
"""By name. VOC's class 255 is the border between objects; golden has hues a golden angle apart."""


def find_palette(name: str, labels: Sequence[str]) -> Palette:
    """Return a palette by name, or for ``auto`` the one that fits a network's class names.

    Raises:
        ValueError: there is no palette of this name.
    """
    chosen = recognise(labels) if name == "auto" else name
    if chosen not in PALETTES:
        raise ValueError(f"palette: found {name!r}, expected one of auto, {', '.join(PALETTES)}")
    return PALETTES[chosen]


def recognise(labels: Sequence[str]) -> str:
    """Name the palette of the data set with so many classes; MHP, unlike Cityscapes, has a background."""
    if len(labels) == 19:
        return "mhp" if labels[0] == "background" else "cityscapes"
    return {21: "voc", 150: "ade20k"}.get(len(labels), "golden")
