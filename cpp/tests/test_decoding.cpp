#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "check.h"
#include "cpus.h"
#include "decoding.h"
#include "gcv_edge/error.h"

// Results from outputs of other shapes than a network should have, and how many CPUs there are.
namespace {

const gcv::FrameGeometry kGeometry{{{0, 0, 64, 64}, {0, 0, 32, 32}}, {32, 32}, {64, 64}, gcv::PixelFormat::bgr};
const std::vector<float> kNumbers(64, 0.5f);

gcv::Output output(std::vector<std::int64_t> shape) { return {kNumbers.data(), std::move(shape)}; }

}  // namespace

TEST(decoding, detections_of_other_shapes_are_refused) {
  const gcv::DetectionSettings settings;
  const auto decode = [&](std::vector<std::int64_t> boxes, std::vector<std::int64_t> scores) {
    return gcv::decode_detections({{"boxes", output(std::move(boxes))}, {"scores", output(std::move(scores))}},
                                  kGeometry, settings);
  };
  CHECK(decode({0, 4}, {0, 3}).empty());
  CHECK(decode({0, 4}, {0, std::numeric_limits<int>::max()}).empty());
  CHECK(decode({2, 3, 4}, {2, 3}).size() == 6);
  CHECK_ERROR(gcv::ArgumentError, "output 'boxes': found shape [3, 4], expected [2, 4]", decode({3, 4}, {2, 3}));
  CHECK_ERROR(gcv::ArgumentError, "output 'boxes': found shape [2, 2, 4], expected [2, 3, 4]",
              decode({2, 2, 4}, {2, 3}));
  CHECK_ERROR(gcv::ArgumentError, "output 'scores': found shape [], expected [n, n]", decode({2, 4}, {}));
  CHECK_ERROR(gcv::ArgumentError, "output 'scores': found shape", decode({2, 4}, {1LL << 62, 1LL << 62}));
  CHECK_ERROR(gcv::ArgumentError, "output 'boxes': found none", gcv::decode_detections({}, kGeometry, settings));
}

TEST(decoding, ids_beyond_integers_are_kept) {
  const std::vector<float> ids{1e30f, std::numeric_limits<float>::quiet_NaN(), -1, 7.9f};
  const gcv::Outputs outputs{{"ids", {ids.data(), {4, 1}}},
                             {"scores", output({4, 1})},
                             {"boxes", output({4, 4})},
                             {"masks", output({4, 2, 2})}};
  gcv::DetectionSettings settings;
  settings.nms_in_graph = true;
  const std::vector<int> expected{std::numeric_limits<int>::min(), 7};
  CHECK_EQUAL(gcv::decode_detections(outputs, kGeometry, settings).class_ids, expected);
  CHECK_EQUAL(gcv::decode_instances(outputs, kGeometry, 0.01f).class_ids, expected);
}

TEST(decoding, maps_of_other_shapes_are_refused) {
  CHECK_ERROR(gcv::ArgumentError, "output 'logits': found shape [0, 4, 4], expected [n, n, n]",
              gcv::decode_segmentation({{"logits", output({0, 4, 4})}}, kGeometry));
  CHECK_ERROR(gcv::ArgumentError, "output 'heatmaps': found shape [4, 4]",
              gcv::decode_poses({{"heatmaps", output({4, 4})}}, kGeometry));
  CHECK_ERROR(gcv::ArgumentError, "image: found 2 channels, expected 1 or 3",
              gcv::decode_picture({{"image", output({2, 4, 4})}}, kGeometry, {}, true));
  CHECK(gcv::decode_depth({{"image", output({1, 4, 4})}}, kGeometry).disparity.size() == 64 * 64);
}

TEST(decoding, cpus_are_counted) {
  CHECK(gcv::usable_cpus() >= 1 && gcv::usable_cpus() <= gcv::affinity_count());
  CHECK(!gcv::cgroup_quota("/nowhere"));
  char folder_name[] = "/tmp/gcv_edge_XXXXXX";
  CHECK(mkdtemp(folder_name) != nullptr);
  const std::string folder = folder_name;
  const auto quota_of = [&](const char* text) {
    std::ofstream(folder + "/cpu.max") << text << "\n";
    return gcv::cgroup_quota(folder).value_or(-1);
  };
  CHECK(quota_of("max 100000") == -1 && quota_of("150000 100000") == 1.5 && quota_of("1 0") == -1);
  CHECK(quota_of("50000 100000") == 0.5 && gcv::usable_cpus(folder) == 1);
  CHECK(quota_of("nonsense here") == -1 && quota_of("1") == -1);
  std::remove((folder + "/cpu.max").c_str());
  std::remove(folder_name);
}
