#include "cpus.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

namespace gcv {
namespace {

constexpr std::size_t kMostWords = 8;

std::vector<std::string> read_words(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> words;
  for (std::string word; words.size() < kMostWords && file >> word;) words.push_back(word);
  return words;
}

std::optional<double> read_count(const std::string& word) {
  long long value = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return static_cast<double>(value);
}

/// None for "max", -1 and nonsense.
std::optional<double> ratio(const std::string& quota, const std::string& period) {
  const std::optional<double> above = read_count(quota), below = read_count(period);
  if (!above || !below || !(*above / *below > 0) || !std::isfinite(*above / *below)) return std::nullopt;
  return *above / *below;
}

}  // namespace

int usable_cpus(const std::string& cgroup_root) {
  const int count = affinity_count();
  const std::optional<double> quota = cgroup_quota(cgroup_root);
  if (!quota || std::ceil(*quota) >= count) return count;
  return std::max(1, static_cast<int>(std::ceil(*quota)));
}

int affinity_count() {
  // The kernel wants room for every CPU that the machine could have.
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(cpus), [](cpu_set_t* one) { CPU_FREE(one); });
    const std::size_t bytes = CPU_ALLOC_SIZE(cpus);
    if (set && sched_getaffinity(0, bytes, set.get()) == 0) return std::max(1, CPU_COUNT_S(bytes, set.get()));
    if (errno != EINVAL) break;
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::optional<double> cgroup_quota(const std::string& root) {
  const std::vector<std::string> unified = read_words(root + "/cpu.max");
  if (unified.size() == 2) return ratio(unified[0], unified[1]);
  const std::vector<std::string> quota = read_words(root + "/cpu/cpu.cfs_quota_us");
  const std::vector<std::string> period = read_words(root + "/cpu/cpu.cfs_period_us");
  if (quota.empty() || period.empty()) return std::nullopt;
  return ratio(quota[0], period[0]);
}

}  // namespace gcv
