#include <array>
#include <cmath>

#include "../check.h"
#include "gcv_edge/action_recognizer.h"
#include "gcv_edge/classifier.h"
#include "gcv_edge/depth_estimator.h"
#include "gcv_edge/detector.h"
#include "gcv_edge/embedder.h"
#include "gcv_edge/image_translator.h"
#include "gcv_edge/instance_segmenter.h"
#include "gcv_edge/pose_estimator.h"
#include "gcv_edge/regressor.h"
#include "gcv_edge/segmenter.h"
#include "gcv_edge/tensor_network.h"
#include "networks.h"

// Every task on the networks of tests/data/networks, whose results can be worked out by hand.
namespace {

const Solid kRed(255, 0, 0);

std::vector<float> flatten(const std::vector<std::array<float, 4>>& boxes) {
  std::vector<float> values;
  for (const auto& box : boxes) values.insert(values.end(), box.begin(), box.end());
  return values;
}

bool is_near(double a, double b) { return std::abs(a - b) < 1e-3; }

}  // namespace

TEST(tasks, detector) {
  const gcv::Detector detector(network("detection"));
  const gcv::Result found = detector.run(kRed.view);
  CHECK_EQUAL(found.scores, (std::vector<float>{1, 0.5}));
  CHECK_EQUAL(flatten(found.boxes), (std::vector<float>{0, 0, 32, 32, 32, 32, 64, 64}));
  CHECK_EQUAL(found.class_ids, (std::vector<int>{0, 0}));
  CHECK(found.name(0) == "red");
  CHECK(found.over(0.5f).size() == 1);
  CHECK(found.speed.inference_ms > 0 && found.speed.preprocess_ms > 0);
  CHECK(detector.precision() == "f32");
  CHECK(detector.run(Solid(0, 0, 0).view).empty());
}

TEST(tasks, settings_belong_to_a_copy) {
  const gcv::Detector detector(network("detection"));
  gcv::Detector other = detector;
  other.set_nms(1, -1, -1);
  CHECK(other.run(kRed.view).size() == 3);
  other.set_confidence(0.6f);
  CHECK(other.run(kRed.view).size() == 2);
  CHECK(detector.run(kRed.view).size() == 2);
}

TEST(tasks, detector_with_nms_in_its_graph) {
  const gcv::Detections found = gcv::Detector(network("kept")).run(kRed.view);
  CHECK_EQUAL(found.class_ids, (std::vector<int>{1, 2}));
  CHECK_EQUAL(found.scores, (std::vector<float>{0.9f, 0.2f}));
}

TEST(tasks, instance_segmenter) {
  gcv::InstanceSegmenter segmenter(network("instance_segmentation"));
  const gcv::InstanceMasks found = segmenter.run(kRed.view);
  CHECK_EQUAL(found.class_ids, (std::vector<int>{1, 2}));
  const gcv::MaskCrop crop = found.crop(0);
  CHECK(crop.region.x == 0 && crop.region.y == 0 && crop.region.width == 40);
  CHECK(crop.pixels[10 * 40 + 5] == 1 && crop.pixels[10 * 40 + 30] == 0);
  segmenter.set_confidence(0.5f);
  CHECK(segmenter.run(kRed.view).size() == 1);
}

TEST(tasks, classifier) {
  const gcv::Classification found = gcv::Classifier(network("classification")).run(kRed.view);
  CHECK_EQUAL(found.logits, (std::vector<float>{1, 0, 0}));
  const auto best = found.top(2);
  CHECK(best.size() == 2 && best[0].label == "red" && is_near(best[0].probability, 0.5761));
}

TEST(tasks, classifier_of_several_classes) {
  const gcv::Classification found = gcv::Classifier(network("labelling")).run(Solid(255, 255, 0).view);
  CHECK(found.activation == gcv::Activation::sigmoid);
  CHECK_EQUAL(found.logits, (std::vector<float>{1, 1, 0}));
  const auto probabilities = found.probabilities();
  CHECK(is_near(probabilities[0], 0.7311) && probabilities[0] == probabilities[1] && probabilities[2] == 0.5f);
  gcv::Classification scores = found;
  scores.activation = gcv::Activation::none;
  CHECK_EQUAL(scores.probabilities(), found.logits);
}

TEST(tasks, top_tells_saturated_classes_apart) {
  const gcv::Classification found{{40, 50, 45}, {}, {}, gcv::Activation::sigmoid};
  const auto best = found.top(3);
  CHECK(best[0].class_id == 1 && best[1].class_id == 2 && best[2].probability == 1);
}

TEST(tasks, classifier_that_sees_grey) {
  const gcv::Classifier classifier(network("grey"));
  CHECK(classifier.inputs()[0].shape[1] == 1);
  const gcv::Classification found = classifier.run(kRed.view);
  CHECK(found.size() == 1 && is_near(found.logits[0] * 255, 76));  // 0.299 * 255, rounded to a level
  CHECK(found.top(1)[0].label == "red" && is_near(found.top(1)[0].probability, 0.5740));
  CHECK(is_near(classifier.run(Solid(200, 200, 200).view).logits[0] * 255, 200));
  CHECK(is_near(classifier.run_batch({kRed.view, kRed.view})[1].logits[0], found.logits[0]));
}

TEST(tasks, regressor) {
  const gcv::Regressor regressor(network("regression"));
  const gcv::Regression found = regressor.run(Solid(255, 0, 51).view);
  CHECK(found.size() == 3 && found.labels.name(2) == "blue" && found.speed.inference_ms > 0);
  CHECK(found.values[0] == 2 && found.values[1] == 0 && is_near(found.values[2], 0.4));
}

TEST(tasks, segmenter_of_a_mask) {
  const gcv::Segmenter segmenter(network("mask"));
  CHECK(segmenter.labels()[1] == "thing");
  CHECK(segmenter.run(Solid(255, 255, 255, 50, 30).view).at(49, 29) == 1);
  CHECK(segmenter.run(Solid(90, 90, 90, 50, 30).view).at(0, 0) == 0);
}

TEST(tasks, segmenter) {
  const gcv::Segmentation found = gcv::Segmenter(network("segmentation")).run(Solid(0, 0, 9, 50, 30).view);
  CHECK(found.size.width == 50 && found.size.height == 30 && found.class_map.size() == 1500);
  CHECK(found.at(49, 29) == 2);
}

TEST(tasks, pose_estimator) {
  const gcv::PoseEstimator estimator(network("pose"));
  const gcv::Poses whole = estimator.run(kRed.view);
  CHECK(whole.size() == 1 && whole.joints == 3 && whole.name(0) == "red");
  CHECK_EQUAL(whole.scores, (std::vector<float>{1, 0, 0}));
  const gcv::Poses two = estimator.run(kRed.view, {{0, 0, 20, 20}, {20, 20, 40, 60}});
  CHECK(two.size() == 2 && two.keypoints.size() == 6);
  CHECK(estimator.run(kRed.view, {}).size() == 0);
}

TEST(tasks, depth_estimator) {
  const gcv::DepthMap found = gcv::DepthEstimator(network("depth")).run(Solid(255, 255, 255).view);
  CHECK(found.disparity.size() == 64 * 64 && is_near(found.disparity[0], 1) && is_near(found.depth()[0], 0.1));
  CHECK(!found.is_metric());
}

TEST(tasks, embedder) {
  const gcv::Embedder embedder(network("embedding"));
  const gcv::Embedding red = embedder.run(kRed.view), blue = embedder.run(Solid(0, 0, 255).view);
  CHECK(is_near(red.similarity(red), 1) && is_near(red.similarity(blue), 0));
}

TEST(tasks, image_translator) {
  const gcv::Picture found = gcv::ImageTranslator(network("image_to_image")).run(kRed.view);
  CHECK(found.size.width == 32 && found.format == gcv::PixelFormat::bgr);
  CHECK_EQUAL((std::vector<int>{found.pixels[0], found.pixels[1], found.pixels[2]}), (std::vector<int>{255, 255, 0}));
  gcv::ImageView rgb = kRed.view;
  rgb.format = gcv::PixelFormat::rgb;
  const gcv::Picture other = gcv::ImageTranslator(network("image_to_image")).run(rgb);
  CHECK(other.format == gcv::PixelFormat::rgb && other.pixels[0] == 255 && other.pixels[2] == 0);
}

TEST(tasks, action_recognizer) {
  std::vector<Solid> video;
  std::vector<gcv::ImageView> frames;
  for (int i = 0; i < 20; ++i) video.emplace_back(i, i, i);
  for (const Solid& frame : video) frames.push_back(frame.view);
  const gcv::Classification found = gcv::ActionRecognizer(network("clip")).run(frames);
  for (int i = 0; i < 4; ++i) CHECK(is_near(found.logits[i] * 255, 6 + 2 * i));
  const gcv::Classification inside = gcv::ActionRecognizer(network("consensus")).run(frames);
  CHECK(is_near(inside.logits[0] * 255, (3 + 10 + 16) / 3.0));
}

TEST(tasks, action_recognizer_on_a_stream) {
  const Solid grey(100, 100, 100);
  int left = 64 + 64 + 20, results = 0;
  gcv::ActionRecognizer(network("clip"))
      .stream(
          [&](gcv::Frame& frame) {
            frame.image = grey.view;
            return left-- > 0;
          },
          [&](gcv::Classification&& result) {
            ++results;
            CHECK(is_near(result.logits[0] * 255, 100));
          });
  CHECK(results == 2);
}

TEST(tasks, tensor_network) {
  const gcv::TensorNetwork same(network("tensors"));
  gcv::Tensor data{{1, 3, 32, 32}, std::vector<float>(3 * 32 * 32, 7), "float32", {}};
  const auto found = same.run({{"data", data}});
  CHECK_EQUAL(found.at("same").values, data.values);
  CHECK(found.at("same").shape == data.shape);
}
