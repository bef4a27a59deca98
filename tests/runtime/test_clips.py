"""Clips of a video: which frames a network sees, held against GluonCV's own loader, and what comes out."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge import _core
from gcv_edge.errors import DataError, MetadataError
from gcv_edge.metadata import ClipSettings
from gcv_edge.runtime.action import ActionRecognizer
from gcv_edge.runtime.clips import sample_clips
from tests.runtime.conftest import UNIT, Maker

I3D = ClipSettings(tuple(range(0, 64, 2)), 64)
SLOWFAST = ClipSettings((*range(1, 64, 2), *range(15, 64, 16)), 64)
PICTURES = ClipSettings()


class FakeReader:
    """A decoded video, in the manner of ``decord.VideoReader``: its frames are their own numbers."""

    def __init__(self, frames: int) -> None:
        self.frames = frames

    def __getitem__(self, index: int) -> SimpleNamespace:
        if not 0 <= index < self.frames:
            raise IndexError(index)
        return SimpleNamespace(asnumpy=lambda: index)

    def get_batch(self, indices: list[int]) -> SimpleNamespace:
        frames = np.array([self[index].asnumpy() for index in indices])
        return SimpleNamespace(asnumpy=lambda: frames[:, None, None, None])


def load_in_gluoncv(frames: int, segments: int, length: int, step: int, strides: tuple[int, int] | None):
    """Frames that GluonCV's data set takes of a video for testing."""
    from gcv_edge.exporters.mxnet.compat import import_gluoncv

    import_gluoncv()
    from gluoncv.data.video_custom.classification import VideoClsCustom

    data_set = VideoClsCustom.__new__(VideoClsCustom)
    data_set.num_segments, data_set.new_length, data_set.new_step = segments, length, step
    data_set.skip_length, data_set.temporal_jitter = length * step, False
    indices, skips = data_set._sample_test_indices(frames)
    reader = FakeReader(frames)
    if strides is None:
        return data_set._video_TSN_decord_loader("video", reader, frames, indices, skips)
    data_set.fast_temporal_stride, data_set.slow_temporal_stride = strides
    pixels = data_set._video_TSN_decord_slowfast_loader("video", reader, frames, indices, skips)
    return [int(frame.item()) for frame in pixels]


@pytest.mark.parametrize("frames", [1, 2, 3, 17, 31, 32, 33, 63, 64, 65, 66, 100, 300, 1001])
@pytest.mark.parametrize("segments", [1, 2, 3, 7, 10, 25])
def test_frames_are_those_of_gluoncv(mxnet: object, frames: int, segments: int) -> None:
    for clip, arguments in (
        (I3D, (32, 2, None)),
        (ClipSettings(tuple(range(0, 32, 2)), 32), (16, 2, None)),
        (PICTURES, (1, 1, None)),
        (SLOWFAST, (64, 1, (2, 16))),
    ):
        expected = load_in_gluoncv(frames, segments, *arguments)
        assert list(chain(*sample_clips(frames, clip, segments))) == expected


@given(st.integers(1, 5000), st.integers(1, 30), st.sampled_from([I3D, SLOWFAST, PICTURES]))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_frames_are_within_the_video_and_in_order(frames: int, segments: int, clip: ClipSettings) -> None:
    clips = sample_clips(frames, clip, segments)
    assert [len(indices) for indices in clips] == [len(clip.offsets)] * segments
    assert all(0 <= index < frames for indices in clips for index in indices)
    starts = [indices[0] for indices in clips]
    assert starts == sorted(starts)


WRONG_CLIPS = [
    ((0, (0,), 1, 1), "frames: found 0, expected at least 1"),
    ((9, (), 1, 1), "offsets: found 0 for each of 1 clips, expected 1 to 2\\^24 frames in all"),
    ((9, (0, 3), 3, 1), "offsets: found 3, expected a whole number from 0 to 2"),
    ((9, (-1,), 3, 1), "offsets: found -1, expected a whole number from 0 to 2"),
    ((9, (0,), 0, 1), "window: found 0, expected a whole number from 1 to 100000"),
    ((9, (0,), 1, 0), "segments: found 0, expected a whole number from 1 to 100000"),
    ((9, (0,) * 1000, 1, 100_000), "offsets: found 1000 for each of 100000 clips, expected"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG_CLIPS)
def test_clips_out_of_bounds_are_named(arguments: tuple[int, tuple[int, ...], int, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        _core.sample_clips(*arguments)


def test_the_longest_video_has_clips() -> None:
    first, last = _core.sample_clips(2**31 - 1, (0, 7, 63), 64, 2)
    assert first[0] == (2**31 - 64) / 2 // 2
    assert last[0] < last[2] < 2**31 - 1


def moments(count: int, size: int = 48) -> list[np.ndarray]:
    """Frames whose grey level is their number."""
    return [np.full((size, size, 3), index, np.uint8) for index in range(count)]


CLIP = ClipSettings((0, 2, 4, 6), 8)
ENTRIES_2D = {"segments": 3}


def test_a_clip_is_filled_in_order(make_model: Maker) -> None:
    network = ActionRecognizer(make_model("clip", clip=CLIP))
    found = network.run(moments(20))
    start = sample_clips(20, CLIP, 1)[0][0]
    np.testing.assert_allclose(found.logits * 255, start + np.array(CLIP.offsets), atol=1e-3)


def test_logits_of_clips_are_averaged(make_model: Maker) -> None:
    path = make_model("clip", clip=CLIP)
    parts = sample_clips(100, CLIP, 5)
    found = ActionRecognizer(path, segments=5).run(moments(100))
    np.testing.assert_allclose(found.logits * 255, np.mean(parts, axis=0), atol=1e-3)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_pictures_of_a_clip_along_the_batch(make_model: Maker, engine: str) -> None:
    inside = ClipSettings(segments=3, in_graph=True)
    network = ActionRecognizer(make_model("consensus", clip=inside, batch=3), engine=engine)
    expected = np.mean(sample_clips(90, inside, 3))
    np.testing.assert_allclose(network.run(moments(90)).logits * 255, [expected] * 3, atol=1e-3)
    with pytest.raises(ValueError, match="segments: found 4, expected 3: the network has it inside"):
        ActionRecognizer(make_model("consensus", clip=inside, batch=3), segments=4)


def test_a_video_file_a_folder_and_frames_agree(make_model: Maker, tmp_path: Path) -> None:
    frames = [np.full((64, 64, 3), 5 * index, np.uint8) for index in range(40)]
    folder, video = tmp_path / "frames", tmp_path / "video.avi"
    folder.mkdir()
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 64))
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{index:03}.png"), frame)
        writer.write(frame)
    writer.release()
    network = ActionRecognizer(make_model("clip", clip=CLIP), segments=3)
    expected = network.run(frames).logits
    np.testing.assert_array_equal(network.run(folder).logits, expected)
    np.testing.assert_allclose(network.run(video).logits * 255, expected * 255, atol=3)
    assert network.run(folder / "000.png").logits == pytest.approx(0)


def test_frames_are_stretched_before_the_centre_is_taken(make_model: Maker) -> None:
    preprocessing = replace(UNIT, resize_type="crop", crop_short=32, crop_wide=64)
    network = ActionRecognizer(make_model("clip", clip=CLIP, preprocessing=preprocessing))
    frame = np.zeros((128, 128, 3), np.uint8)
    frame[:, 32:96] = 100
    np.testing.assert_allclose(network.run([frame]).logits * 255, 100, atol=1e-3)


def test_a_stream_gives_one_result_per_stretch(make_model: Maker) -> None:
    network = ActionRecognizer(make_model("clip", clip=CLIP))
    results = list(network.stream(iter(moments(64 + 64 + 40))))
    assert len(results) == 3
    assert len(list(network.stream(iter(moments(64 + 20))))) == 1
    assert len(list(network.stream(iter(moments(5))))) == 1


def test_wrong_videos_are_told(make_model: Maker, tmp_path: Path) -> None:
    network = ActionRecognizer(make_model("clip", clip=CLIP))
    (tmp_path / "no.mp4").write_bytes(b"no video")
    with pytest.raises(DataError, match="cannot be opened"):
        network.run(tmp_path / "no.mp4")
    with pytest.raises(DataError, match="no such file"):
        network.run(tmp_path / "absent.mp4")
    with pytest.raises(DataError, match="no readable frame"):
        network.run([])
    with pytest.raises(TypeError, match="found int"):
        network.run(3)
    with pytest.raises(TypeError, match="found an array of float64"):
        network.run([np.zeros((8, 8, 3))])
    with pytest.raises(MetadataError, match=r"clip_offsets.*found 3 frames, expected 4"):
        ActionRecognizer(make_model("clip", clip=ClipSettings((0, 1, 2), 3)))
