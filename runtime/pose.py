"""Keypoints of people in given boxes (simple, mobile and alpha pose)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gcv_edge import _core
from gcv_edge.metadata import Preprocessing
from gcv_edge.runtime.flip_test import average_with_mirrored, mirrored_joints
from gcv_edge.runtime.frames import FrameView, view_frame
from gcv_edge.runtime.model import FrameGeometry, Model, Stopwatch
from gcv_edge.runtime.pixel_formats import PixelFormat
from gcv_edge.runtime.preprocessing import sample, sample_crop
from gcv_edge.runtime.results import Floats, Poses, Speed
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import POSE

BOX_MARGIN = 1.25
"""A box is widened by it before it is looked at, as in training."""


class PersonView(NamedTuple):
    """What a network sees of a person.

    Attributes:
        placement: where a frame's pixels lie in the input; key points are mapped back by it.
        sampled: the same for sampling by the half-pixel rule, or the crop (x, y, width, height in whole
            pixels) that is shown in the input's middle.
    """

    placement: _core.Placement
    sampled: _core.Placement | tuple[int, int, int, int]


class PoseEstimator(Model[Poses]):
    """Finds the joints of people: ``PoseEstimator("simple_pose").run(frame, boxes)``.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> poses = PoseEstimator("simple_pose.onnx").run(frame)  # the whole frame is one person
        >>> len(poses)
        1
    """

    task = POSE

    def run(
        self,
        frame: ArrayLike,
        boxes: ArrayLike | None = None,
        *,
        flip: bool = False,
        format: str | PixelFormat | None = None,
    ) -> Poses:
        """Run on one frame.

        Args:
            frame: uint8 ``[h, w]``, ``[h, w, 1]``, ``[h, w, 3]`` or ``[h, w, 4]``, any strides.
            boxes: ``(n, 4)`` x1, y1, x2, y2 in frame pixels, one per person, such as a Detector's ``boxes``.
                Each is grown to the input's aspect ratio, then by 1.25, as GluonCV's
                SimplePoseDefaultValTransform does; networks for alpha pose see it widened by 20 or 30 % and
                cut off at the frame, as in AlphaPoseDefaultValTransform.
                None: the whole frame is one person.
            flip: look at the mirror image too, which takes twice the time; GluonCV's figures "with flip".
            format: as ``Model.run``.

        Raises:
            TypeError, ValueError: the frame or the boxes are not as above, or the network's joints have no
                names to tell left from right.
        """
        view = view_frame(frame, self.color, format)
        joints = self._mirrored_joints() if flip else None
        if boxes is None:
            if joints is None:
                return super().run(frame, format=format)
            whole = _core.Placement((0, 0, *view.size), (0, 0, *self.input_size))
            return self._run_seen(view, PersonView(whole, whole), joints)
        checked = check_boxes(boxes)
        found = [self._run_box(view, box, joints) for box in checked]
        return self._join(found, checked)

    def _mirrored_joints(self) -> NDArray[np.int_]:
        return mirrored_joints(self.labels, self.session.outputs["heatmaps"][1] or 0)

    def _run_box(self, view: FrameView, box: Floats, joints: NDArray[np.int_] | None) -> Poses:
        person = see_person(box, self.metadata.preprocessing, view.size, self.input_size)
        return self._run_seen(view, person, joints)

    def _run_seen(self, view: FrameView, person: PersonView, joints: NDArray[np.int_] | None) -> Poses:
        watch = Stopwatch()
        with self.session.lease() as request:
            show_person(view, self.metadata.preprocessing, person, request.input[0], self.session.crew)
            watch.end_preprocess()
            outputs = request.infer()
            if joints is not None:
                heatmaps = outputs["heatmaps"].copy()
                request.input[...] = request.input[..., ::-1].copy()
                mirrored = request.infer()["heatmaps"]
                outputs = {"heatmaps": average_with_mirrored(heatmaps, mirrored, joints)}
            watch.end_inference()
            return self._finish(outputs, 0, FrameGeometry(person.placement, view.size, view.color), watch)

    def _decode(self, outputs: Mapping[str, Array], geometry: FrameGeometry) -> Poses:
        keypoints, scores = _core.decode_heatmaps(outputs["heatmaps"], geometry.placement, self.input_size)
        box = np.array([[0, 0, *geometry.frame_size]], np.float32)
        return Poses(keypoints[None], scores[None], box, self.labels)

    def _join(self, found: Sequence[Poses], boxes: Floats) -> Poses:
        """Put the poses of all boxes into one result."""
        joints = self.session.outputs["heatmaps"][1] or 0
        keypoints = np.concatenate(
            [np.zeros((0, joints, 2), np.float32), *(pose.keypoints for pose in found)]
        )
        scores = np.concatenate([np.zeros((0, joints), np.float32), *(pose.scores for pose in found)])
        return Poses(keypoints, scores, boxes, self.labels, add_up([pose.speed for pose in found]))


def check_boxes(boxes: ArrayLike) -> Floats:
    """Return boxes as an ``(n, 4)`` array of their own.

    Raises:
        ValueError: another shape, not finite, or not x1 < x2 and y1 < y2.
    """
    checked = np.array(boxes, np.float32)
    if checked.size == 0:
        return np.zeros((0, 4), np.float32)
    if checked.ndim != 2 or checked.shape[1] != 4:
        raise ValueError(f"boxes: found shape {checked.shape}, expected (n, 4)")
    wrong = ~(np.isfinite(checked).all(axis=1) & (checked[:, :2] < checked[:, 2:]).all(axis=1))
    if wrong.any():
        found = checked[int(np.argmax(wrong))].tolist()
        raise ValueError(f"boxes: found {found}, expected finite x1 < x2 and y1 < y2")
    return checked


def see_person(
    box: Floats, preprocessing: Preprocessing, frame_size: tuple[int, int], input_size: tuple[int, int]
) -> PersonView:
    """Return what is seen of a person in a box (x1, y1, x2, y2); sizes are width and height."""
    if preprocessing.box_rule == "cropped":
        crop = _core.crop_box(box.tolist(), frame_size)
        return PersonView(_core.place_crop(crop, input_size), crop)
    grown, whole = grow_box(box, input_size), (0, 0, *input_size)
    source = sample_source(grown, input_size, preprocessing.interpolation)
    return PersonView(_core.Placement(grown, whole), _core.Placement(source, whole))


def show_person(
    view: FrameView,
    preprocessing: Preprocessing,
    person: PersonView,
    slot: Array,
    crew: _core.Crew | None = None,
) -> None:
    """Fill ``slot [C, H, W]`` with what is seen of a person."""
    if isinstance(person.sampled, _core.Placement):
        sample(view, preprocessing, person.sampled, slot, crew)
    else:
        sample_crop(view, preprocessing, person.sampled, slot, crew)


def grow_box(box: Floats, input_size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Widen a box to the input's aspect ratio and by the margin, keeping its centre.

    Rounds to float32 where GluonCV does, so that the very pixels are the same.

    Returns:
        x, y, width, height in frame pixels. Source: ``_box_to_center_scale`` in
        gluoncv/data/transforms/presets/simple_pose.py, ``get_affine_transform`` in data/transforms/pose.py.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    aspect = input_size[0] / input_size[1]
    x, y = np.float32(x1 + (x2 - x1) * 0.5), np.float32(y1 + (y2 - y1) * 0.5)
    width = np.float32(max(x2 - x1, (y2 - y1) * aspect)) * np.float32(BOX_MARGIN)
    half_height = y - (y - width * np.float32(0.5))
    half_width = x - (x - half_height)
    return place_box(float(x), float(y), float(half_width), float(half_height), input_size)


def place_box(
    x: float, y: float, half_width: float, half_height: float, input_size: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Return the box around a centre of which half an input's width shows half a width, either way."""
    step_x, step_y = half_width / (input_size[0] / 2), half_height / (input_size[0] / 2)
    width, height = input_size[0] * step_x, input_size[1] * step_y
    return x - width / 2, y - height / 2, width, height


def sample_source(
    crop: tuple[float, float, float, float], input_size: tuple[int, int], interpolation: str
) -> tuple[float, float, float, float]:
    """Shift a crop so that sampling by the half-pixel rule reads where GluonCV's warpAffine reads."""
    if interpolation == "warp":
        return crop
    x, y, width, height = crop
    step_x, step_y = width / input_size[0], height / input_size[1]
    return x + (1 - step_x) / 2, y + (1 - step_y) / 2, width, height


def add_up(speeds: Sequence[Speed]) -> Speed:
    """Sum stage timings."""
    return Speed(
        sum(speed.preprocess_ms for speed in speeds),
        sum(speed.inference_ms for speed in speeds),
        sum(speed.postprocess_ms for speed in speeds),
    )
