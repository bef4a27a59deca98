#include "check.h"
#include "gcv_edge/error.h"
#include "gcv_edge/model_metadata.h"

namespace {

gcv::Metadata detector() {
  return {{"gcv_edge task", "detection"},
          {"gcv_edge labels",
           "red cell\nwhite\xc2\xa0"
           "cell\nplate\xe2\x80\xa8let\\n\\\\1\\x"},
          {"model_info mean_values", "123.675 116.28 103.53"},
          {"model_info scale_values", "58.395 57.12 57.375"},
          {"model_info reverse_input_channels", "YES"},
          {"model_info resize_type", "crop"},
          {"model_info pad_value", "1e1"},
          {"gcv_edge crop_short", "256"},
          {"gcv_edge crop_wide", " +340 "},
          {"model_info confidence_threshold", "0.01"},
          {"model_info iou_threshold", "0.45"},
          {"gcv_edge nms_topk", "-1"},
          {"gcv_edge post_nms", "99999999999999999999"},
          {"gcv_edge class_agnostic", "NO"},
          {"gcv_edge nms", "runtime"}};
}

gcv::Metadata with(const std::string& key, const std::string& value) {
  gcv::Metadata entries = detector();
  entries[key] = value;
  return entries;
}

}  // namespace

TEST(model_metadata, everything_is_read) {
  const gcv::ModelMetadata found = gcv::parse_metadata(detector(), "a.onnx");
  CHECK(found.task == gcv::Task::detection && found.labels.size() == 3);
  CHECK(found.labels.name(1) ==
            "white\xc2\xa0"
            "cell" &&
        found.labels.name(7) == "class 7");
  CHECK(found.labels.name(2) == "plate\xe2\x80\xa8let\n\\1\\x");
  CHECK(found.preprocessing.normalization.mean[1] == 116.28f && found.preprocessing.normalization.pad_value == 10);
  CHECK(found.preprocessing.crop_short == 256 && found.preprocessing.crop_wide == 340);
  CHECK(found.detection.nms_topk == -1 && found.detection.post_nms == 2147483647);
  CHECK(found.preprocessing.normalization.channels == 3 && found.activation == gcv::Activation::softmax);
  CHECK(!found.detection.topk_per_class && !found.detection.nms_in_graph && found.variant == "fp32");
}

TEST(model_metadata, what_is_wrong_is_named) {
  gcv::Metadata without = detector();
  without.erase("gcv_edge nms");
  CHECK_ERROR(gcv::MetadataError, "a.onnx: metadata key 'gcv_edge nms' is missing: this file was not written by",
              gcv::parse_metadata(without, "a.onnx"));
  CHECK_ERROR(gcv::MetadataError, "'gcv_edge task': task 'det' is not supported: expected one of classification, det",
              gcv::parse_metadata(with("gcv_edge task", "det"), "a.onnx"));
  CHECK_ERROR(gcv::MetadataError, "'model_info mean_values': found '1 2 nan', expected 3 finite numbers",
              gcv::parse_metadata(with("model_info mean_values", "1 2 nan"), "a.onnx"));
  CHECK_ERROR(gcv::MetadataError, "'gcv_edge crop_wide': found '-1', expected a whole number from 0 to 65536",
              gcv::parse_metadata(with("gcv_edge crop_wide", "-1"), "a.onnx"));
  CHECK_ERROR(gcv::MetadataError, "'gcv_edge nms_topk': found '4.5', expected a whole number",
              gcv::parse_metadata(with("gcv_edge nms_topk", "4.5"), "a.onnx"));
  CHECK_ERROR(gcv::MetadataError, "found \"it's\\n\", expected one of YES, NO",
              gcv::parse_metadata(with("gcv_edge class_agnostic", "it's\n"), "a.onnx"));
  CHECK_ERROR(gcv::MetadataError, "found 'xxxxxxxxxx",
              gcv::parse_metadata(with("gcv_edge nms", std::string(100, 'x')), "a.onnx"));
}

TEST(model_metadata, how_a_file_runs_best) {
  const gcv::RunSettings none = gcv::parse_metadata(detector(), "a.onnx").run;
  CHECK(none.precision.empty() && none.batch == 0 && none.streams == 0 && none.cpus == 0);
  gcv::Metadata entries = with("gcv_edge precision", "bf16");
  CHECK(gcv::parse_metadata(entries, "a.onnx").run.precision == "bf16");
  entries["gcv_edge streams"] = "2";
  CHECK_ERROR(gcv::MetadataError, "'gcv_edge batch' is missing", gcv::parse_metadata(entries, "a.onnx"));
  entries["gcv_edge batch"] = "8";
  entries["gcv_edge cpus"] = "4";
  const gcv::RunSettings found = gcv::parse_metadata(entries, "a.onnx").run;
  CHECK(found.batch == 8 && found.streams == 2 && found.cpus == 4);
  for (const char* streams : {"0", "5"}) {
    entries["gcv_edge streams"] = streams;
    CHECK_ERROR(gcv::MetadataError, "expected a whole number from 1 to 4", gcv::parse_metadata(entries, "a.onnx"));
  }
  CHECK_ERROR(gcv::MetadataError, "'gcv_edge precision': found 'f16', expected one of f32, bf16",
              gcv::parse_metadata(with("gcv_edge precision", "f16"), "a.onnx"));
}

TEST(model_metadata, frames_have_sizes_of_their_own) {
  CHECK(!gcv::parse_metadata(detector(), "a.onnx").preprocessing.has_own_sizes());
  gcv::Metadata entries = with("gcv_edge short_side", "800");
  CHECK_ERROR(gcv::MetadataError, "'gcv_edge long_side' is missing", gcv::parse_metadata(entries, "a.onnx"));
  entries["gcv_edge long_side"] = "799";
  CHECK_ERROR(gcv::MetadataError, "'gcv_edge long_side': found '799', expected a whole number from 800 to 8192",
              gcv::parse_metadata(entries, "a.onnx"));
  entries["gcv_edge long_side"] = "1333";
  const gcv::Preprocessing found = gcv::parse_metadata(entries, "a.onnx").preprocessing;
  CHECK(found.has_own_sizes() && found.own_size({1080, 1920}).width == 750);
  CHECK(found.usual_size().width == 1067 && found.usual_size().height == 800);
  entries["gcv_edge task"] = "segmentation";  // which has no such files
  CHECK(!gcv::parse_metadata(entries, "a.onnx").preprocessing.has_own_sizes());
}

TEST(model_metadata, poses_have_a_rule_for_boxes) {
  gcv::Metadata entries = with("gcv_edge box_rule", "cropped");
  CHECK(gcv::parse_metadata(entries, "a.onnx").preprocessing.box_rule == gcv::BoxRule::grown);  // a detector has none
  entries["gcv_edge task"] = "pose";
  CHECK(gcv::parse_metadata(entries, "a.onnx").preprocessing.box_rule == gcv::BoxRule::cropped);
  entries["gcv_edge box_rule"] = "wide";
  CHECK_ERROR(gcv::MetadataError, "'gcv_edge box_rule': found 'wide', expected one of grown, cropped",
              gcv::parse_metadata(entries, "a.onnx"));
  entries.erase("gcv_edge box_rule");
  CHECK(gcv::parse_metadata(entries, "a.onnx").preprocessing.box_rule == gcv::BoxRule::grown);
}

TEST(model_metadata, grey_has_a_number) {
  gcv::Metadata grey = with("model_info mean_values", "33.5");
  CHECK_ERROR(gcv::MetadataError, "scale_values': found '58.395 57.12 57.375', expected 1 finite number",
              gcv::parse_metadata(grey, "a.onnx"));
  grey["model_info scale_values"] = "78.5";
  const gcv::Normalization found = gcv::parse_metadata(grey, "a.onnx").preprocessing.normalization;
  CHECK(found.channels == 1 && found.mean[0] == 33.5f && found.scale[0] == 78.5f);
}

TEST(model_metadata, activations_are_read) {
  CHECK(gcv::parse_metadata(with("gcv_edge activation", "none"), "a.onnx").activation == gcv::Activation::none);
  CHECK_ERROR(gcv::MetadataError, "'gcv_edge activation': found 'relu', expected one of softmax, sigmoid, none",
              gcv::parse_metadata(with("gcv_edge activation", "relu"), "a.onnx"));
}

TEST(model_metadata, a_clip_is_bounded) {
  gcv::Metadata clip = with("gcv_edge task", "action");
  clip["gcv_edge clip_window"] = "64";
  clip["gcv_edge clip_offsets"] = "0 2 63";
  clip["gcv_edge clip_segments"] = "7";
  clip["gcv_edge clip_in_graph"] = "NO";
  CHECK(gcv::parse_metadata(clip, "a.onnx").clip.offsets == std::vector<int>({0, 2, 63}));
  clip["gcv_edge clip_offsets"] = "0 64";
  CHECK_ERROR(gcv::MetadataError, "found '0 64', expected a whole number from 0 to 63",
              gcv::parse_metadata(clip, "a.onnx"));
}
