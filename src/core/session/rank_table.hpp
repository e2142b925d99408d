#pragma once
// The progress of all ranks of a job, in memory that the processes of a host share.

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <mpi.h>

#include "core/phase_timer.hpp"

namespace jpo {

struct RankSlot {
  RankProgress progress;
  /// 0 as long as nothing is known about the rank.
  std::atomic<std::int64_t> pid = 0;
  /// True while a debugger holds the process.
  std::atomic<bool> is_held = false;
};

/// One slot per rank of the job. A rank of this host writes its own slot; a HostLink writes the
/// slots of other hosts.
class RankTable {
 public:
  /// `node` holds the ranks of comm that share memory with this rank. Collective on comm; problem()
  /// is equal on all ranks.
  RankTable(MPI_Comm comm, MPI_Comm node);
  RankTable(const RankTable&) = delete;
  RankTable& operator=(const RankTable&) = delete;
  RankTable(RankTable&&) = delete;
  RankTable& operator=(RankTable&&) = delete;
  ~RankTable();

  /// Reason why there is no shared memory; empty if the table can be used.
  const std::string& problem() const { return problem_; }
  std::span<RankSlot> slots() const { return {slots_, slots_ == nullptr ? 0 : hosts_.size()}; }
  RankSlot& own() const { return slots_[rank_]; }
  /// Ranks of this host in increasing order.
  const std::vector<int>& local_ranks() const { return local_; }
  bool is_leader() const { return local_.front() == rank_; }
  bool has_other_hosts() const { return local_.size() < hosts_.size(); }
  bool is_local(int rank) const;
  /// Host name of each rank.
  const std::vector<std::string>& hosts() const { return hosts_; }
  /// Returns true for the first caller on this host.
  bool claim() const { return !claimed_->exchange(true); }

 private:
  void share(MPI_Comm node);

  int rank_;
  std::vector<int> local_;
  std::vector<std::string> hosts_;
  std::string problem_;
  std::size_t size_ = 0;
  void* memory_ = nullptr;
  RankSlot* slots_ = nullptr;
  std::atomic<bool>* claimed_ = nullptr;
};

}  // namespace jpo
