#include <unistd.h>

#include "../check.h"
#include "gcv_edge/action_recognizer.h"
#include "gcv_edge/classifier.h"
#include "gcv_edge/detector.h"
#include "gcv_edge/error.h"
#include "gcv_edge/pose_estimator.h"
#include "gcv_edge/tensor_network.h"
#include "networks.h"

// What is refused, and how it is told.
namespace {

const Solid kRed(255, 0, 0);

gcv::Options with_threads(int threads) {
  gcv::Options options;
  options.threads = threads;
  return options;
}

}  // namespace

TEST(refusals, files) {
  CHECK_ERROR(gcv::NotFoundError, "/nowhere/a.onnx: no such file", gcv::Detector("/nowhere/a.onnx"));
  CHECK_ERROR(gcv::NotFoundError, "found a folder, expected an .onnx file", gcv::Detector("/"));
  CHECK_ERROR(gcv::FormatError, "found a classification network, expected detection: use Classifier",
              gcv::Detector(network("classification")));
  CHECK_ERROR(gcv::NotFoundError, "no such file", gcv::Detector(network("detection") + "/inside"));
  CHECK_ERROR(gcv::FormatError, "is not an ONNX model", gcv::Detector(__FILE__));
}

TEST(refusals, files_that_cannot_be_looked_up) {
  const std::string loop = "/tmp/gcv_edge_loop_" + std::to_string(getpid());
  CHECK(symlink(loop.c_str(), loop.c_str()) == 0);
  CHECK_ERROR(gcv::FormatError, "cannot be opened: Too many levels of symbolic links", gcv::Detector{loop});
  CHECK(unlink(loop.c_str()) == 0);
  CHECK_ERROR(gcv::FormatError, "cannot be opened: File name too long", gcv::Detector(std::string(5000, 'a')));
  CHECK_ERROR(gcv::ArgumentError, "path: found a zero byte", gcv::Detector(network("detection") + '\0' + "more"));
}

TEST(refusals, options) {
  CHECK_ERROR(gcv::ArgumentError, "threads: found -1, expected a whole number from 1 to 1024, or 0",
              gcv::Detector(network("detection"), with_threads(-1)));
  gcv::Options many;
  many.streams = 99999999;
  CHECK_ERROR(gcv::ArgumentError, "streams: found 99999999", gcv::Detector(network("detection"), many));
  CHECK_ERROR(gcv::ArgumentError, "segments: found 2, expected 3: the network has it inside",
              gcv::ActionRecognizer(network("consensus"), {}, 2));
}

TEST(refusals, frames) {
  const gcv::Detector detector(network("detection"));
  CHECK_ERROR(gcv::ArgumentError, "runs: found -5, expected 0 or more", detector.warmup(-5));
  CHECK_ERROR(gcv::ArgumentError, "frame: found no data", detector.run({}));
  CHECK_ERROR(gcv::ArgumentError, "frames[1]: frame: found no data", detector.run_batch({kRed.view, {}}));
  CHECK_ERROR(gcv::ArgumentError, "no readable frame", gcv::ActionRecognizer(network("clip")).run({}));
}

TEST(refusals, settings) {
  gcv::Detector detector(network("detection")), kept(network("kept"));
  CHECK_ERROR(gcv::ArgumentError, "confidence: found 2", detector.set_confidence(2));
  CHECK_ERROR(gcv::ArgumentError, "iou_threshold: found", detector.set_nms(std::stof("nan"), 1, 1));
  CHECK_ERROR(gcv::UnsupportedError, "this file's NMS is in its graph", kept.set_nms(0.5f, 1, 1));
}

TEST(refusals, boxes) {
  const gcv::PoseEstimator estimator(network("pose"));
  CHECK_ERROR(gcv::ArgumentError, "expected finite x1 < x2 and y1 < y2", estimator.run(kRed.view, {{4, 0, 4, 9}}));
  CHECK_ERROR(gcv::ArgumentError, "boxes: found [", estimator.run(kRed.view, {{0, 0, 4, std::stof("inf")}}));
}

TEST(refusals, tensors) {
  const gcv::TensorNetwork same(network("tensors"));
  CHECK_ERROR(gcv::ArgumentError, "inputs: found , expected data", same.run({}));
  CHECK_ERROR(gcv::ArgumentError, "data: found shape [2]", same.run({{"data", {{2}, {1, 2}, "float32", {}}}}));
  CHECK_ERROR(gcv::ArgumentError, "data: found int32, expected an array of float32",
              same.run({{"data", {{1}, {}, "int32", {0, 0, 0, 0}}}}));
}
