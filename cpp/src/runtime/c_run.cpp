#include "c_structs.h"

// Running, and streams.
namespace {

using namespace gcv;

/// Compute one result and hand it to the caller.
template <typename Run>
gcv_edge_status give(const gcv_edge_network* network, gcv_edge_result** result, const Run& run) noexcept {
  return guard([&] {
    check_pointer(result, "result");
    *result = nullptr;
    *result = std::make_unique<gcv_edge_result>(gcv_edge_result{run(network_of(network))}).release();
  });
}

ImageView read_view(const gcv_edge_image* frame) {
  return to_view(read_struct<gcv_edge_image>(frame, "gcv_edge_image"));
}

/// Frames from a caller's function; the owner of a frame is released with it.
FrameSource to_source(gcv_edge_read read, void* user) {
  return [read, user](Frame& frame) {
    gcv_edge_frame filled{};
    filled.size = sizeof filled;
    filled.image.size = sizeof filled.image;
    const std::int32_t status = read(user, &filled);
    if (filled.release != nullptr) frame.owner = std::shared_ptr<const void>(filled.owner, filled.release);
    if (status < 0) throw std::runtime_error("read: returned " + std::to_string(status));
    if (status > 0) frame.image = to_view(filled.image);
    return status > 0;
  };
}

gcv_edge_frame to_frame(const Frame& frame) {
  return {sizeof(gcv_edge_frame), to_image(frame.image), nullptr, nullptr, frame.index};
}

AnyNetwork::Take to_take(gcv_edge_take take, void* user) {
  return [take, user](const Frame* frame, std::unique_ptr<AnyResult> any) {
    auto* const result = new gcv_edge_result{std::move(any)};
    if (frame == nullptr) return take(user, nullptr, result) != 0;
    const gcv_edge_frame given = to_frame(*frame);
    return take(user, &given, result) != 0;
  };
}

StreamOptions to_stream_options(const gcv_edge_stream_options* given) {
  StreamOptions options;
  if (given == nullptr) return options;
  const auto own = read_struct<gcv_edge_stream_options>(given, "gcv_edge_stream_options");
  if (own.newest != 0 && own.newest != 1) {
    throw ArgumentError("newest: found " + std::to_string(own.newest) + ", expected 0 or 1");
  }
  options.newest = own.newest == 1;
  if (own.cancellation != nullptr) options.cancellation = own.cancellation->own;
  return options;
}

}  // namespace

gcv_edge_status gcv_edge_run(const gcv_edge_network* network, const gcv_edge_image* frame, gcv_edge_result** result) {
  return give(network, result, [&](const AnyNetwork& any) { return any.run(read_view(frame)); });
}

gcv_edge_status gcv_edge_run_into(const gcv_edge_network* network, const gcv_edge_image* frame,
                                  gcv_edge_result* result) {
  return guard([&] {
    check_pointer(result, "result");
    network_of(network).run_into(read_view(frame), *result->any);
  });
}

gcv_edge_status gcv_edge_run_outputs(const gcv_edge_network* network, const gcv_edge_image* frame,
                                     gcv_edge_result** result) {
  return give(network, result, [&](const AnyNetwork& any) { return any.run_outputs(read_view(frame)); });
}

gcv_edge_status gcv_edge_run_batch(const gcv_edge_network* network, const gcv_edge_image* frames, size_t count,
                                   gcv_edge_result** results) {
  return guard([&] {
    check_count(count, GCV_EDGE_MAX_BATCH);
    if (count > 0) check_pointer(results, "results");
    for (std::size_t i = 0; i < count; ++i) results[i] = nullptr;
    std::vector<std::unique_ptr<gcv_edge_result>> made;
    for (auto& result : network_of(network).run_batch(to_views(frames, count, GCV_EDGE_MAX_BATCH))) {
      made.push_back(std::make_unique<gcv_edge_result>(gcv_edge_result{std::move(result)}));
    }
    for (std::size_t i = 0; i < count; ++i) results[i] = made[i].release();
  });
}

gcv_edge_status gcv_edge_run_boxes(const gcv_edge_network* network, const gcv_edge_image* frame, const float* boxes,
                                   size_t count, gcv_edge_result** result) {
  return give(network, result, [&](const AnyNetwork& any) {
    check_count(count, GCV_EDGE_MAX_COUNT);
    if (count > 0) check_pointer(boxes, "boxes");
    std::vector<std::array<float, 4>> rows(count);
    if (count > 0) std::memcpy(rows.data(), boxes, count * sizeof rows[0]);
    return any.run_boxes(read_view(frame), rows);
  });
}

gcv_edge_status gcv_edge_run_video(const gcv_edge_network* network, const gcv_edge_image* frames, size_t count,
                                   gcv_edge_result** result) {
  return give(network, result,
              [&](const AnyNetwork& any) { return any.run_video(to_views(frames, count, GCV_EDGE_MAX_COUNT)); });
}

gcv_edge_status gcv_edge_run_tensors(const gcv_edge_network* network, const char* const* names,
                                     const gcv_edge_array* arrays, size_t count, gcv_edge_result** result) {
  return give(network, result, [&](const AnyNetwork& any) {
    check_count(count, any.network().inputs().size());
    return any.run_tensors(to_tensors(names, arrays, count));
  });
}

gcv_edge_status gcv_edge_stream(const gcv_edge_network* network, gcv_edge_read read, gcv_edge_take take, void* user,
                                const gcv_edge_stream_options* options, gcv_edge_stream_counts* counts) {
  return guard([&] {
    check_pointer(read, "read");
    check_pointer(take, "take");
    if (counts != nullptr) write_struct(gcv_edge_stream_counts{}, counts, "gcv_edge_stream_counts");
    const StreamCounts found =
        network_of(network).stream(to_source(read, user), to_take(take, user), to_stream_options(options));
    if (counts == nullptr) return;
    write_struct(gcv_edge_stream_counts{0, found.taken, found.dropped, found.is_cancelled ? 1 : 0}, counts,
                 "gcv_edge_stream_counts");
  });
}

gcv_edge_status gcv_edge_create_cancellation(gcv_edge_cancellation** cancellation) {
  return guard([&] {
    check_pointer(cancellation, "cancellation");
    *cancellation = nullptr;
    *cancellation = new gcv_edge_cancellation;
  });
}

void gcv_edge_cancel(const gcv_edge_cancellation* cancellation) {
  if (cancellation != nullptr) cancellation->own.request();
}

void gcv_edge_destroy_cancellation(gcv_edge_cancellation* cancellation) { delete cancellation; }
