#include "c_structs.h"
#include "gcv_edge/version.h"

// Opening, describing and setting.
namespace {

using namespace gcv;

gcv_edge_status open_as(const ModelSource& model, const gcv_edge_options* given, gcv_edge_network** network) {
  const auto options = given == nullptr ? gcv_edge_options{} : read_struct<gcv_edge_options>(given, "gcv_edge_options");
  *network = new gcv_edge_network{open_network(model, to_options(options), options.segments)};
  return GCV_EDGE_OK;
}

const Network* find(const gcv_edge_network* network) { return network == nullptr ? nullptr : &network->any->network(); }

gcv_edge_status get_port(const std::vector<TensorInfo>& ports, std::size_t index, gcv_edge_port* port) {
  if (index >= ports.size()) {
    throw ArgumentError("index: found " + std::to_string(index) + ", expected one below " +
                        std::to_string(ports.size()));
  }
  const TensorInfo& own = ports[index];
  if (own.shape.size() > GCV_EDGE_MAX_RANK) throw ArgumentError(own.name + ": found over 8 axes");
  gcv_edge_port found{0, own.name.c_str(), own.type.c_str(), static_cast<std::int32_t>(own.shape.size()), {}};
  std::copy(own.shape.begin(), own.shape.end(), found.shape);
  write_struct(found, port, "gcv_edge_port");
  return GCV_EDGE_OK;
}

}  // namespace

const char* gcv_edge_version(void) { return version(); }

const char* gcv_edge_error(void) { return last_error(); }

gcv_edge_status gcv_edge_create(const char* path, const gcv_edge_options* options, gcv_edge_network** network) {
  return guard([&] {
    check_pointer(network, "network");
    *network = nullptr;
    check_pointer(path, "path");
    open_as(path, options, network);
  });
}

gcv_edge_status gcv_edge_create_from_memory(const void* data, size_t size, const char* name,
                                            const gcv_edge_options* options, gcv_edge_network** network) {
  return guard([&] {
    check_pointer(network, "network");
    *network = nullptr;
    open_as(ModelSource::from_bytes(data, size, name == nullptr ? "model" : name), options, network);
  });
}

gcv_edge_status gcv_edge_clone(const gcv_edge_network* network, gcv_edge_network** clone) {
  return guard([&] {
    check_pointer(clone, "clone");
    *clone = nullptr;
    *clone = new gcv_edge_network{network_of(network).clone()};
  });
}

void gcv_edge_destroy(gcv_edge_network* network) { delete network; }

gcv_edge_status gcv_edge_warmup(const gcv_edge_network* network, int32_t runs) {
  return guard([&] { network_of(network).warmup(runs); });
}

const char* gcv_edge_task(const gcv_edge_network* network) {
  const Network* own = find(network);
  return own == nullptr ? nullptr : task_name(own->metadata().task);
}

size_t gcv_edge_label_count(const gcv_edge_network* network) {
  const Network* own = find(network);
  return own == nullptr ? 0 : own->labels().size();
}

const char* gcv_edge_label(const gcv_edge_network* network, size_t id) {
  return id < gcv_edge_label_count(network) ? find(network)->labels()[id].c_str() : nullptr;
}

const char* gcv_edge_metadata(const gcv_edge_network* network, const char* key) {
  const Network* own = find(network);
  if (own == nullptr || key == nullptr) return nullptr;
  const auto& entries = own->entries();
  const auto found =
      std::find_if(entries.begin(), entries.end(), [key](const auto& entry) { return entry.first == key; });
  return found == entries.end() ? nullptr : found->second.c_str();
}

const char* gcv_edge_metadata_key(const gcv_edge_network* network, size_t index) {
  const Network* own = find(network);
  if (own == nullptr || index >= own->entries().size()) return nullptr;
  return std::next(own->entries().begin(), static_cast<std::ptrdiff_t>(index))->first.c_str();
}

const char* gcv_edge_engine(const gcv_edge_network* network) {
  const Network* own = find(network);
  return own == nullptr ? nullptr : own->engine().c_str();
}

const char* gcv_edge_precision(const gcv_edge_network* network) {
  const Network* own = find(network);
  return own == nullptr ? nullptr : own->precision().c_str();
}

int32_t gcv_edge_streams(const gcv_edge_network* network) {
  const Network* own = find(network);
  return own == nullptr ? 0 : own->streams();
}

int32_t gcv_edge_segments(const gcv_edge_network* network) { return network == nullptr ? 0 : network->any->segments(); }

int32_t gcv_edge_is_metric(const gcv_edge_network* network) {
  const Network* own = find(network);
  return own != nullptr && own->metadata().task == Task::depth && own->metadata().depth.scale > 0 ? 1 : 0;
}

size_t gcv_edge_input_count(const gcv_edge_network* network) {
  const Network* own = find(network);
  return own == nullptr ? 0 : own->inputs().size();
}

size_t gcv_edge_output_count(const gcv_edge_network* network) {
  const Network* own = find(network);
  return own == nullptr ? 0 : own->outputs().size();
}

gcv_edge_status gcv_edge_get_input(const gcv_edge_network* network, size_t index, gcv_edge_port* port) {
  return guard([&] { get_port(network_of(network).network().inputs(), index, port); });
}

gcv_edge_status gcv_edge_get_output(const gcv_edge_network* network, size_t index, gcv_edge_port* port) {
  return guard([&] { get_port(network_of(network).network().outputs(), index, port); });
}

gcv_edge_status gcv_edge_set_confidence(gcv_edge_network* network, float confidence) {
  return guard([&] {
    check_pointer(network, "network");
    network->any->set_confidence(confidence);
  });
}

gcv_edge_status gcv_edge_set_nms(gcv_edge_network* network, float iou_threshold, int32_t nms_topk, int32_t post_nms) {
  return guard([&] {
    check_pointer(network, "network");
    network->any->set_nms(iou_threshold, nms_topk, post_nms);
  });
}
