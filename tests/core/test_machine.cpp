#include <cmath>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>
#include <mpi.h>

#include "core/machine.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

// A folder with the few files of /proc and /sys that each test needs.
class Machine : public testing::Test {
 protected:
  Machine() {
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    root_ = fs::temp_directory_path() /
            ("jpo_test_machine_" + std::to_string(getpid()) + "_" + std::to_string(rank));
    put("proc/meminfo", "MemTotal:       9000 kB\nMemFree:  1000 kB\nMemAvailable:   4000 kB\n");
  }
  ~Machine() override { fs::remove_all(root_); }

  void put(const fs::path& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  double available() const { return available_memory(root_); }

  fs::path root_;
};

TEST_F(Machine, ReadsTheAvailableMemoryOfTheKernel) {
  EXPECT_EQ(available(), 4000.0 * 1024.0);
  fs::remove_all(root_);
  EXPECT_TRUE(std::isinf(available()));
  EXPECT_GT(available_memory(), 1e6);  // of the real machine
}

TEST_F(Machine, UsesTheLowestMemoryLimitOfItsControlGroups) {
  const fs::path top = "sys/fs/cgroup";
  put("proc/self/cgroup", "0::/slurm/job_7/step_0\n");
  put(top / "slurm/job_7/step_0/memory.max", "max\n");
  put(top / "slurm/job_7/step_0/memory.current", "500\n");
  EXPECT_EQ(available(), 4000.0 * 1024.0);
  put(top / "slurm/job_7/memory.max", "3000\n");
  put(top / "slurm/job_7/memory.current", "1000\n");
  EXPECT_EQ(available(), 2000.0);
  // Inactive pages of files count as available.
  put(top / "slurm/job_7/memory.stat", "anon 200\ninactive_file 700\nactive_file 100\n");
  EXPECT_EQ(available(), 2700.0);
  put(top / "slurm/memory.max", "100\n");
  put(top / "slurm/memory.current", "120\n");
  EXPECT_EQ(available(), 0.0);
}

TEST_F(Machine, ReadsTheMemoryLimitOfControlGroupsV1) {
  put("proc/self/cgroup", "12:cpuset:/a\n4:memory:/docker/1f\n1:name=systemd:/b\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9000\n");
  put("sys/fs/cgroup/memory/memory.usage_in_bytes", "2000\n");
  put("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 500\n");
  EXPECT_EQ(available(), 7500.0);
}

TEST_F(Machine, ReadsTheProcessorLimitOfControlGroups) {
  EXPECT_TRUE(std::isinf(available_processors(root_)));
  put("proc/self/cgroup", "0::/slurm/job_7\n5:cpuacct:/other\n");
  put("sys/fs/cgroup/slurm/job_7/cpu.max", "max 100000\n");
  EXPECT_TRUE(std::isinf(available_processors(root_)));
  put("sys/fs/cgroup/slurm/cpu.max", "250000 100000\n");
  EXPECT_EQ(available_processors(root_), 2.5);
  // Control groups v1: the controller cpu is listed with cpuacct; -1 means no quota.
  put("proc/self/cgroup", "3:cpuset:/a\n4:cpu,cpuacct:/docker/1f\n");
  put("sys/fs/cgroup/cpu/docker/1f/cpu.cfs_quota_us", "-1\n");
  put("sys/fs/cgroup/cpu/docker/1f/cpu.cfs_period_us", "100000\n");
  EXPECT_TRUE(std::isinf(available_processors(root_)));
  put("sys/fs/cgroup/cpu/docker/1f/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(available_processors(root_), 1.5);
}

TEST_F(Machine, CountsTheThreadsOfACoreAsOne) {
  // Without topology files, each processor counts as a core.
  const std::vector<int> processors = allowed_cores(root_);
  ASSERT_FALSE(processors.empty());
  const int lowest = processors.front();
  for (const int processor : processors)
    put("sys/devices/system/cpu/cpu" + std::to_string(processor) + "/topology/thread_siblings_list",
        std::to_string(lowest) + "," + std::to_string(processor) + "\n");
  EXPECT_EQ(allowed_cores(root_), std::vector<int>{lowest});
}

}  // namespace
}  // namespace jpo
