// Which lock files belong to a live run, and which are replaced.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "driver/lock/lock_file.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr double kInterval = 0.4;

class LockFiles : public testing::Test {
 protected:
  LockFiles() { fs::create_directories(folder_); }
  ~LockFiles() override {
    unsetenv("SLURM_JOB_ID");
    fs::remove_all(folder_);
  }
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  void write(const LockOwner& owner, int heartbeat = 0) const {
    write(owner_text(owner) + "heartbeat " + std::to_string(heartbeat) + "\n");
  }
  std::string text() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  // A lock of the process that started this test.
  static LockOwner parent() {
    LockOwner owner = this_process(kInterval);
    owner.pid = getppid();
    while (!is_running(owner)) owner.process_start = start_of(owner.pid);
    return owner;
  }
  static std::uint64_t start_of(std::int64_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string field;
    for (int k = 0; k < 22; ++k) file >> field;
    return std::stoull(field);
  }
  static LockOwner on_another_host() {
    LockOwner owner = this_process(kInterval);
    owner.host = "elsewhere";
    return owner;
  }

  fs::path folder_ = fs::temp_directory_path() / ("jpo_test_lock_" + std::to_string(getpid()));
  std::string path_ = folder_ / "a.h5.lock";
};

TEST_F(LockFiles, AreCreatedAndRemoved) {
  {
    const LockFile lock(path_);
    EXPECT_EQ(lock.in_use() + lock.problem(), "");
    EXPECT_EQ(owner_in(text()).pid, getpid());
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(LockFiles, HaveAHeartbeat) {
  const LockFile lock(path_, 0.02);
  const std::string first = text();
  for (int k = 0; k < 100 && text() == first; ++k) std::this_thread::sleep_for(20ms);
  EXPECT_NE(text(), first);
  EXPECT_TRUE(text().starts_with(owner_text(owner_in(first))));
  EXPECT_EQ(lock.problem(), "");
}

TEST_F(LockFiles, OfALiveProcessAreRefusedAlsoInTheSameSlurmJob) {
  setenv("SLURM_JOB_ID", "7", 1);
  write(parent());
  const std::string before = text();
  EXPECT_NE(LockFile(path_).in_use().find("in use by pid " + std::to_string(getppid())),
            std::string::npos);
  EXPECT_EQ(text(), before);
}

TEST_F(LockFiles, OfEndedProcessesAreReplacedAtOnce) {
  LockOwner ended = parent();
  ++ended.process_start;  // the number of the process is used again
  write(ended);
  EXPECT_EQ(LockFile(path_).in_use(), "");
  ended.pid = 1 << 30;
  write(ended);
  EXPECT_EQ(LockFile(path_).in_use(), "");
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(LockFiles, OfAnEarlierPartOfTheSlurmJobAreReplacedAtOnce) {
  setenv("SLURM_JOB_ID", "7", 1);
  LockOwner earlier = on_another_host();
  earlier.interval = 1e6;
  write(earlier);
  EXPECT_EQ(LockFile(path_).in_use(), "");
}

TEST_F(LockFiles, OfOtherHostsAreReplacedOnlyWithoutHeartbeat) {
  write(on_another_host(), 1);
  std::jthread beating([this](const std::stop_token& stop) {
    for (int n = 2; !stop.stop_requested(); ++n) {
      std::this_thread::sleep_for(100ms);
      write(on_another_host(), n);
    }
  });
  // A reader may find the file while it is written.
  EXPECT_NE(LockFile(path_).in_use(), "");
  beating.request_stop();
  beating.join();
  for (const bool is_empty : {false, true}) {
    const auto start = std::chrono::steady_clock::now();
    if (is_empty)
      write("interval 0.4\n");
    else
      write(on_another_host(), 3);
    const LockFile lock(path_);
    EXPECT_EQ(lock.in_use(), "");
    EXPECT_GT(std::chrono::steady_clock::now() - start, 2.0 * kInterval * 1s);
  }
}

TEST_F(LockFiles, TakenByAnotherRunAreReportedAndLeft) {
  {
    const LockFile lock(path_);
    write(on_another_host());
    EXPECT_NE(lock.problem().find("now belongs to pid"), std::string::npos);
  }
  EXPECT_EQ(owner_in(text()).host, "elsewhere");
}

TEST_F(LockFiles, ThatCannotBeCreatedAreNamed) {
  write("");
  const LockFile lock(path_ + "/below");
  EXPECT_EQ(lock.in_use(), "");
  EXPECT_NE(lock.problem().find("cannot be written: Not a directory"), std::string::npos);
}

}  // namespace
}  // namespace jpo
