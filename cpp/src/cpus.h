#pragma once

#include <optional>
#include <string>

namespace gcv {

/// CPUs of the affinity mask, or fewer where a cgroup (a container) grants less.
int usable_cpus(const std::string& cgroup_root = "/sys/fs/cgroup");

/// CPUs that the scheduler may put this process on.
int affinity_count();

/// CPU time that a cgroup grants, in CPUs; none where there is no limit (cpu.max of cgroup v2, cpu.cfs_quota_us and
/// cpu.cfs_period_us of v1).
std::optional<double> cgroup_quota(const std::string& root);

}  // namespace gcv
