"""How the pixels of a frame lie in its array, for frames that are not as OpenCV delivers them."""

from __future__ import annotations

from dataclasses import dataclass

PLANAR = ("nv12", "nv21", "i420")
PACKED = ("yuyv", "uyvy")
CHANNELS = {"bgr": 3, "rgb": 3, "gray": 1, "bgra": 4, "rgba": 4, "yuyv": 2, "uyvy": 2}
FORMATS = (*CHANNELS, *PLANAR)
MATRICES = ("bt601", "bt709")
RANGES = ("limited", "full")


@dataclass(frozen=True)
class PixelFormat:
    """Names a layout of pixels; of luma and chroma it says what they mean too.

    Attributes:
        name: ``bgr``, ``rgb``, ``gray``, ``bgra``, ``rgba``; with luma and chroma ``nv12``, ``nv21`` and
            ``i420`` (uint8 ``[h * 3 / 2, w]``), ``yuyv`` and ``uyvy`` (``[h, w, 2]``), as OpenCV's
            ``cvtColor`` takes them.
        matrix: ``bt601``, which ``cvtColor`` has, or ``bt709``, of most pictures in HD.
        range: levels of luma: ``limited``, 16 to 235, which ``cvtColor`` has, or ``full``.

    Raises:
        ValueError: one of them is none of these.

    Examples:
        >>> nv12 = np.full((48, 32), 128, np.uint8)  # 32 x 32 pixels
        >>> result = Detector("yolo3.onnx").run(nv12, format=PixelFormat("nv12", matrix="bt709"))
    """

    name: str
    matrix: str = "bt601"
    range: str = "limited"

    def __post_init__(self) -> None:
        for what, found, expected in (
            ("format", self.name, FORMATS),
            ("matrix", self.matrix, MATRICES),
            ("range", self.range, RANGES),
        ):
            if found not in expected:
                raise ValueError(f"{what}: found {found!r}, expected one of {', '.join(expected)}")

    def color(self, otherwise: str) -> str:
        """Return the order of channels that the name says; ``otherwise`` where it says none."""
        return self.name[:3] if self.name[:3] in ("bgr", "rgb") else otherwise

    def frame_size(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return the width and height of a frame whose array has a shape.

        Raises:
            ValueError: no frame of this format has.
        """
        if self.name in PLANAR:
            if len(shape) == 2 and shape[0] % 3 == 0 and shape[1] % 2 == 0:
                return shape[1], shape[0] // 3 * 2
            raise self._wrong(shape, "height * 3 / 2 x width, both even")
        channels = CHANNELS[self.name]
        if not (len(shape) == 3 and shape[2] == channels) and not (channels == 1 and len(shape) == 2):
            raise self._wrong(
                shape, "height x width [x 1]" if channels == 1 else f"height x width x {channels}"
            )
        if self.name in PACKED and shape[1] % 2:
            raise self._wrong(shape, "an even width")
        return shape[1], shape[0]

    def _wrong(self, shape: tuple[int, ...], expected: str) -> ValueError:
        return ValueError(f"frame: found shape {shape}, expected {expected} for {self.name}")


def parse_format(given: object) -> PixelFormat:
    """Return a format that is given by its name or as what it is.

    Raises:
        TypeError: it is neither.
        ValueError: no format has that name.
    """
    if isinstance(given, PixelFormat):
        return given
    if isinstance(given, str):
        return PixelFormat(given)
    raise TypeError(f"format: found {given!r}, expected a name or a PixelFormat")
