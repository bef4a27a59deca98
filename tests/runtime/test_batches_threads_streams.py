"""Many frames: batches, threads that share a model, streams."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from gcv_edge import Classifier, Detector, PoseEstimator
from gcv_edge.errors import DataError, UnsupportedError
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.streaming import READ_AHEAD
from tests.runtime.conftest import Maker, solid

SHADES = [solid(level, 0, 255 - level) for level in range(0, 250, 10)]


def first_score(level: int) -> float:
    return max(level, 255 - level) / 255


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("batch", [1, 3, None], ids=["one", "fixed 3", "dynamic"])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_run_batch_equals_single_runs(engine: str, batch: int | None, count: int, make_model: Maker) -> None:
    path = make_model("detection", batch=batch)
    expected = [
        Detector(make_model("detection", path=path.with_name("one.onnx"))).run(f) for f in SHADES[:count]
    ]
    found = Detector(path, engine=engine).run_batch(SHADES[:count])
    assert len(found) == count
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)
        np.testing.assert_array_equal(one.class_ids, other.class_ids)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-4)


def test_results_of_a_batch_outlive_the_next(make_model: Maker) -> None:
    detector = Detector(make_model("detection", batch=None))
    first = detector.run_batch(SHADES[:2])
    before = [result.scores.copy() for result in first]
    detector.run_batch(SHADES[5:7])
    for result, scores in zip(first, before, strict=True):
        np.testing.assert_array_equal(result.scores, scores)


def test_frames_of_different_sizes_in_one_batch(make_model: Maker) -> None:
    frames = [solid(255, 0, 0, (64, 64)), solid(255, 0, 0, (128, 32))]
    square, tall = Detector(make_model("detection", batch=None)).run_batch(frames)
    np.testing.assert_allclose(tall.boxes[0], square.boxes[0] * [0.5, 2, 0.5, 2], atol=1e-3)


def test_a_fixed_batch_cannot_be_opened_for_another(make_model: Maker) -> None:
    with pytest.raises(UnsupportedError, match="found batch 3, expected 2: export with --dynamic-batch"):
        open_session(make_model("detection", batch=3), batch=2)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("hint", ["latency", "throughput"])
def test_threads_that_share_one_detector_get_their_own_results(
    engine: str, hint: str, make_model: Maker
) -> None:
    detector = Detector(make_model("detection"), engine=engine, hint=hint)
    levels = [level for level in range(0, 250, 10) for _ in range(8)]
    barrier = threading.Barrier(8)

    def work(part: int) -> list[tuple[int, float, int]]:
        barrier.wait()
        results = [(level, detector.run(solid(level, 0, 255 - level))) for level in levels[part::8]]
        return [(level, float(result.scores[0]), int(result.class_ids[0])) for level, result in results]

    with ThreadPoolExecutor(8) as pool:
        rows = [row for part in pool.map(work, range(8)) for row in part]
    assert len(rows) == len(levels)
    for level, score, class_id in rows:
        assert score == pytest.approx(first_score(level), abs=1e-5)
        assert class_id == (0 if level > 127 else 2)


def test_set_nms_during_runs_never_mixes_settings(make_model: Maker) -> None:
    detector = Detector(make_model("detection"))
    done = threading.Event()

    def toggle() -> None:
        while not done.is_set():
            detector.set_nms(nms_thresh=0.99, post_nms=3)
            detector.set_nms(nms_thresh=0.45, post_nms=100)

    toggler = threading.Thread(target=toggle)
    toggler.start()
    counts = {len(detector.run(solid(255, 0, 0))) for _ in range(200)}
    done.set()
    toggler.join()
    assert counts <= {2, 3}


def test_stream_of_arrays_comes_in_order(make_model: Maker) -> None:
    detector = Detector(make_model("detection"), hint="throughput", streams=2)
    scores = [float(result.scores[0]) for result in detector.stream(SHADES)]
    assert scores == pytest.approx([first_score(level) for level in range(0, 250, 10)], abs=1e-5)


def test_stream_of_a_folder_gives_frames_and_names(make_model: Maker, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "notes.txt").write_text("not a picture")
    for index, frame in enumerate(SHADES[:3]):
        cv2.imwrite(str(folder / f"{index}.png"), frame)
    pairs = list(Classifier(make_model("classification")).stream_frames(folder))
    assert [Path(frame.name).name for frame, _ in pairs] == ["0.png", "1.png", "2.png"]
    assert [frame.index for frame, _ in pairs] == [0, 1, 2]
    for (frame, result), expected in zip(pairs, SHADES, strict=False):
        np.testing.assert_array_equal(frame.pixels, expected)
        np.testing.assert_allclose(result.logits, expected[0, 0, ::-1] / 255, atol=1e-6)


def test_stream_of_a_video(make_model: Maker, tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 64))
    for frame in SHADES:
        writer.write(frame)
    writer.release()
    results = list(Classifier(make_model("classification")).stream(str(path)))
    assert len(results) == len(SHADES)
    reds = [float(result.logits[0]) for result in results]
    assert reds == pytest.approx([frame[0, 0, 2] / 255 for frame in SHADES], abs=0.03)


def test_stream_of_one_picture(make_model: Maker, tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    cv2.imwrite(str(path), solid(255, 0, 0))
    (result,) = PoseEstimator(make_model("pose")).stream(path)
    assert len(result) == 1


class Endless:
    """An endless source that knows how far it was read and whether it was let go of."""

    def __init__(self) -> None:
        self.read = 0
        self.closed = False

    def frames(self) -> Iterator[np.ndarray]:
        try:
            while True:
                self.read += 1
                yield SHADES[0]
        finally:
            self.closed = True


def test_stream_reads_ahead_a_bounded_number_of_frames_and_stops(make_model: Maker) -> None:
    source = Endless()
    frames = source.frames()
    stream = Detector(make_model("detection")).stream(frames)
    next(stream)
    stream.close()
    assert source.read <= READ_AHEAD + 6
    frames.close()
    assert source.closed


def test_an_error_of_the_source_arrives_after_the_frames_before_it(make_model: Maker) -> None:
    def frames() -> Iterator[np.ndarray]:
        yield from SHADES[:3]
        raise OSError("cable pulled")

    stream = Detector(make_model("detection")).stream(frames())
    assert [float(next(stream).scores[0]) for _ in range(3)] == pytest.approx([1.0, 245 / 255, 235 / 255])
    with pytest.raises(OSError, match="cable pulled"):
        next(stream)


def test_a_bad_frame_in_a_stream_is_an_error(make_model: Maker) -> None:
    stream = Detector(make_model("detection")).stream([SHADES[0], np.zeros((2, 2, 3))])
    with pytest.raises(TypeError, match="frame: found an array of float64"):
        list(stream)


@pytest.mark.parametrize(
    "source", [None, 1.5, np.zeros((4, 4, 3), np.uint8)], ids=["None", "a float", "one array"]
)
def test_no_source(source: object, make_model: Maker) -> None:
    with pytest.raises(TypeError, match=r"source: found .*, expected a path, a camera number or arrays"):
        Detector(make_model("detection")).stream(source)


def test_a_stream_from_nowhere(make_model: Maker, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"clip\.mp4: no such file"):
        list(Detector(make_model("detection")).stream(tmp_path / "clip.mp4"))


def test_frames_from_files_are_bgr_whatever_the_callers_own_are(make_model: Maker, tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    cv2.imwrite(str(path), solid(255, 0, 0))
    classifier = Classifier(make_model("classification"), color="rgb")
    (from_file,) = classifier.stream(path)
    (from_array,) = classifier.stream([solid(255, 0, 0)[:, :, ::-1]])
    np.testing.assert_allclose(from_file.logits, [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(from_array.logits, [1, 0, 0], atol=1e-6)
