"""Semantic segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from gcv_edge import _core
from gcv_edge.runtime.frames import view_frame
from gcv_edge.runtime.model import FrameGeometry, Model, Stopwatch
from gcv_edge.runtime.multi_scale import BASE_SIZE, add_scales
from gcv_edge.runtime.pixel_formats import PixelFormat
from gcv_edge.runtime.preprocessing import sample
from gcv_edge.runtime.results import Floats, Segmentation
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import SEGMENTATION


class Segmenter(Model[Segmentation]):
    """Gives every pixel of a frame a class: ``Segmenter("fcn").run(frame).class_map``.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> segments = Segmenter("fcn.onnx").run(frame)
        >>> segments.class_map.shape == frame.shape[:2]
        True
    """

    task = SEGMENTATION

    def run(
        self,
        frame: ArrayLike,
        *,
        scales: Sequence[float] | None = None,
        base_size: int = BASE_SIZE,
        flip: bool = False,
        format: str | PixelFormat | None = None,
    ) -> Segmentation:
        """Run on one frame.

        Args:
            frame: uint8 ``[h, w]``, ``[h, w, 1]``, ``[h, w, 3]`` or ``[h, w, 4]``, any strides.
            scales: look at the frame at several sizes, in crops of the input's size, as GluonCV's
                ``MultiEvalModel`` does: lengths of the longer side in parts of ``base_size``, such as
                ``multi_scale.SCALES``. It takes tens of inferences.
            base_size: pixels; GluonCV's is 520 for Pascal VOC, ADE20K and COCO, 2048 for Cityscapes.
            flip: with ``scales``, look at mirror images too.
            format: as ``Model.run``.

        Raises:
            TypeError: not an array, or not of uint8.
            ValueError: another shape, or no pixels; ``scales`` for an input that is no square of 3 channels.
        """
        if scales is None:
            return super().run(frame, format=format)
        width, height = self.input_size
        if width != height or self.session.input_shape[1] != 3:
            raise ValueError(
                f"scales: found an input of {self.session.input_shape}, expected a square of 3 channels"
            )
        if not scales or min(scales) <= 0:
            raise ValueError(f"scales: found {scales}, expected numbers over 0")
        view = view_frame(frame, self.color, format)
        watch = Stopwatch()
        picture = np.empty((3, view.size[1], view.size[0]), np.float32)
        whole = (0, 0, *view.size)
        preprocessing = self.metadata.preprocessing
        sample(view, preprocessing, _core.Placement(whole, whole), picture, self.session.crew)
        watch.end_preprocess()
        padding = -np.array(preprocessing.mean, np.float32) / np.array(preprocessing.scale, np.float32)
        scores = add_scales(
            picture, self._infer_crop, width, padding, scales=scales, base_size=base_size, flip=flip
        )
        watch.end_inference()
        return Segmentation(scores.argmax(0), self.labels, watch.end_frame())

    def _infer_crop(self, crop: Floats) -> Floats:
        with self.session.lease() as request:
            request.input[...] = crop
            return np.array(request.infer()["logits"][0])

    def _decode(self, outputs: Mapping[str, Array], geometry: FrameGeometry) -> Segmentation:
        class_map = _core.segment(outputs["logits"], geometry.placement, self.input_size, geometry.frame_size)
        return Segmentation(class_map, self.labels)
