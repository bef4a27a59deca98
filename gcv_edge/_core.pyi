"""Native pre- and post-processing of gcv-edge."""

from collections.abc import Sequence
import os
from typing import Any

import numpy
import numpy.typing


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """
    Read the metadata of an .onnx file without reading its graph; ModelFileError if it is damaged.
    """

def read_metadata_bytes(content: bytes, name: str) -> dict[str, str]:
    """
    Read the metadata of a file's content; the name stands for its path in messages.
    """

def parse_metadata(entries: dict[str, str], path: str) -> dict[str, Any]:
    """
    Make sense of the metadata of a file: the fields of gcv_edge.metadata.ModelMetadata, but for JSON.

    MetadataError if a key is missing or its value makes no sense; the text names key, value and cure.
    """

class Placement:
    """Which part of a frame lands where in a network's input. Immutable."""

    def __init__(self, source: tuple[float, float, float, float], target: tuple[int, int, int, int]) -> None:
        """
        Take a source rectangle (x, y, width, height) in frame pixels, which may reach outside the frame, and a
        target rectangle in input pixels.
        """

    @property
    def source(self) -> tuple[float, float, float, float]:
        """x, y, width, height in frame pixels."""

    @property
    def target(self) -> tuple[int, int, int, int]:
        """x, y, width, height in input pixels."""

    def __repr__(self) -> str: ...

    def __hash__(self) -> int: ...

    def __eq__(self, other: object, /) -> bool: ...

def place(resize_type: str, frame_size: tuple[int, int], input_size: tuple[int, int], crop_short: int = 0, crop_wide: int = 0) -> Placement:
    """
    Place a frame in a network's input; sizes are (width, height).

    standard stretches; fit_to_window keeps the aspect ratio, top-left; fit_to_window_letterbox keeps it, centred;
    crop resizes the short side to crop_short (0: the input's) and takes the centre; with crop_wide it stretches the
    frame to crop_wide x crop_short first.
    """

def fit_sides(frame_size: tuple[int, int], short_side: int, long_side: int) -> tuple[int, int]:
    """
    Size (width, height) of a frame in proportion: the short side short_side, but the long side at most long_side.

    As gluoncv.data.transforms.image.resize_short_within.
    """

def sample_clips(frames: int, offsets: Sequence[int], window: int, segments: int) -> list[list[int]]:
    """
    Numbers of the frames of each clip of a video, as GluonCV's test loader chooses them.

    A clip spans window frames and takes those at offsets from its start; the clips are spread evenly.
    """

class Crew:
    """
    Threads that divide the work on a frame among them, the caller's among them.
    """

    def __init__(self, threads: int) -> None: ...

def preprocess(frame: numpy.typing.NDArray[numpy.uint8], pixel_format: str, placement: Placement, out: numpy.typing.NDArray[numpy.float32] | numpy.typing.NDArray[numpy.uint8], mean: Sequence[float], scale: Sequence[float], reverse_channels: bool, pad_value: float, crew: Crew | None = None, interpolation: str = 'bilinear', matrix: str = 'bt601', range: str = 'limited') -> None:
    """
    Resample a frame into out [3, H, W], or [1, H, W] in grey: float32 normalised, (level - mean) / scale, or uint8 levels.

    The planes may lie apart, such as clip[:, t] of a clip [3, T, H, W]. matrix (bt601, bt709) and range (limited, full)
    are of frames of luma and chroma: [H * 3 / 2, W] in nv12, nv21 and i420, [H, W, 2] in yuyv and uyvy.
    """

def detect(boxes: numpy.typing.NDArray[numpy.float32], scores: numpy.typing.NDArray[numpy.float32], score_threshold: float, iou_threshold: float, nms_topk: int, post_nms: int, class_agnostic: bool, topk_per_class: bool = False, crew: Crew | None = None) -> tuple[numpy.typing.NDArray[numpy.float32], numpy.typing.NDArray[numpy.float32], numpy.typing.NDArray[numpy.int32]]:
    """
    Threshold, top-k and non-maximum suppression of boxes [A, 4] and scores [A, C], as MXNet's box_nms does.

    Boxes [A, C, 4] are a class's own; with topk_per_class, nms_topk counts each class by itself (R-CNN).
    """

def to_frame(boxes: numpy.typing.NDArray[numpy.float32], placement: Placement, frame_size: tuple[int, int]) -> numpy.typing.NDArray[numpy.float32]:
    """
    Map boxes [n, 4] from input pixels to frame pixels, clipped to the frame.
    """

def crop_box(box: Sequence[float], frame_size: tuple[int, int]) -> tuple[int, int, int, int]:
    """
    x, y, width, height of what alpha pose sees of a person in a box (x1, y1, x2, y2); all 0 for nothing.

    As gluoncv.data.transforms.pose.detector_to_alpha_pose.
    """

def place_crop(crop: tuple[int, int, int, int], input_size: tuple[int, int]) -> Placement:
    """
    Where key points lie that are found in an input which shows a crop (transformBoxInvert of the same module).
    """

def preprocess_crop(frame: numpy.typing.NDArray[numpy.uint8], pixel_format: str, crop: tuple[int, int, int, int], out: numpy.typing.NDArray[numpy.float32] | numpy.typing.NDArray[numpy.uint8], mean: Sequence[float], scale: Sequence[float], reverse_channels: bool, pad_value: float, crew: Crew | None = None, matrix: str = 'bt601', range: str = 'limited') -> None:
    """
    Show a crop of a frame in out, as preprocess fills it: cv_cropBox of the same module.
    """

def decode_heatmaps(heatmaps: numpy.typing.NDArray[numpy.float32], placement: Placement, input_size: tuple[int, int]) -> tuple[numpy.typing.NDArray[numpy.float32], numpy.typing.NDArray[numpy.float32]]:
    """
    Key points [K, 2] in frame pixels and scores [K] of heat maps [K, h, w].
    """

def segment(logits: numpy.typing.NDArray[numpy.float32], placement: Placement, input_size: tuple[int, int], frame_size: tuple[int, int]) -> numpy.typing.NDArray[numpy.uint8] | numpy.typing.NDArray[numpy.int32]:
    """
    Class ids [H, W] of the frame from logits [C, h, w]; uint8 up to 256 classes, else int32.
    """

def paste_mask(mask: numpy.typing.NDArray[numpy.float32], extent: Sequence[float] | numpy.typing.NDArray[numpy.float32], frame_size: tuple[int, int], out: numpy.typing.NDArray[Any] | None = None) -> numpy.typing.NDArray[numpy.bool_]:
    """
    Pixels [H, W] of the frame where a mask [h, w] that lies at extent (x1, y1, x2, y2) is at least 0.5.

    Bilinear, fading to 0 in the half cell around the mask; out [H, W] of bool or uint8 is written and returned.
    """

def paste_masks(masks: numpy.typing.NDArray[numpy.float32], extents: numpy.typing.NDArray[numpy.float32], frame_size: tuple[int, int]) -> numpy.typing.NDArray[numpy.bool_]:
    """
    Pixels [n, H, W] of the frame that each of masks [n, h, w] at extents [n, 4] covers.
    """

def paste_crops(masks: numpy.typing.NDArray[numpy.float32], extents: numpy.typing.NDArray[numpy.float32], frame_size: tuple[int, int]) -> tuple[list[numpy.typing.NDArray[numpy.bool_]], numpy.typing.NDArray[numpy.int32]]:
    """
    The same, of each only the part that the mask can cover, and the parts' corners [n, 2]: x, y in the frame.
    """

def resize_map(values: numpy.typing.NDArray[numpy.float32], placement: Placement, input_size: tuple[int, int], frame_size: tuple[int, int]) -> numpy.typing.NDArray[numpy.float32]:
    """
    Stretch a map [h, w] that covers the input, such as depth, to the pixels [H, W] of the frame, bilinearly.
    """

def to_pixels(image: numpy.typing.NDArray[numpy.float32], low: float, high: float, reverse_channels: bool) -> numpy.typing.NDArray[numpy.uint8]:
    """
    Pixels [h, w, C] of a picture [C, h, w], C 1 or 3: low becomes 0 and high 255, NaN 0; halves go to even.
    """

def softmax(logits: numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]:
    """Probabilities [n] of logits [n], which sum to 1."""

def sigmoid(logits: numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]:
    """Probabilities [n] of logits [n], each by itself."""

def top_k(scores: numpy.typing.NDArray[numpy.float32], k: int) -> numpy.typing.NDArray[numpy.int32]:
    """
    Positions of the k largest scores [n], largest first; of equal scores the lower position first, NaN last.
    """

def isa() -> str:
    """Instruction set in use: scalar, avx2, avx512 or neon."""

def available_isas() -> list[str]:
    """Instruction sets that this processor has, slowest first."""

def set_isa(name: str) -> None:
    """
    Choose the instruction set of the whole process; for tests and benchmarks.
    """

def version() -> str:
    """Version of the native code."""
