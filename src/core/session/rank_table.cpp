#include "core/session/rank_table.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"

namespace jpo {
namespace {

static_assert(std::atomic<std::int64_t>::is_always_lock_free &&
              std::atomic<double>::is_always_lock_free);

constexpr int kNameBytes = 64;
using Name = std::array<char, kNameBytes>;

std::vector<std::string> all_host_names(MPI_Comm comm) {
  Name own{};
  gethostname(own.data(), kNameBytes - 1);
  std::vector<Name> all(static_cast<std::size_t>(mpi::size(comm)));
  MPI_OK(MPI_Allgather(own.data(), kNameBytes, MPI_CHAR, all.data(), kNameBytes, MPI_CHAR, comm));
  std::vector<std::string> names;
  for (const Name& name : all) names.emplace_back(name.data());
  return names;
}

// Maps `size` bytes of the shared memory `name`; nullptr, with errno, if this is impossible.
void* map(const char* name, std::size_t size, bool create) {
  const int file = shm_open(name, create ? O_RDWR | O_CREAT | O_EXCL : O_RDWR, 0600);
  if (file < 0) return nullptr;
  void* memory = MAP_FAILED;
  // posix_fallocate reserves the memory; without it, a full file system would crash the program.
  const int error = create ? posix_fallocate(file, 0, static_cast<off_t>(size)) : 0;
  if (error == 0) memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int reason = error != 0 ? error : errno;
  close(file);
  errno = reason;
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

RankTable::RankTable(MPI_Comm comm, MPI_Comm node)
    : rank_(mpi::rank(comm)), local_(mpi::size(node)), hosts_(all_host_names(comm)) {
  MPI_OK(MPI_Allgather(&rank_, 1, MPI_INT, local_.data(), 1, MPI_INT, node));
  std::ranges::sort(local_);
  share(node);
  int is_shared = memory_ != nullptr ? 1 : 0;
  MPI_OK(MPI_Allreduce(MPI_IN_PLACE, &is_shared, 1, MPI_INT, MPI_MIN, comm));
  if (is_shared == 0 && problem_.empty()) problem_ = "no shared memory on another host";
  if (is_shared != 0) own().pid = getpid();
}

// The leader creates the memory; its name is removed as soon as all have mapped it.
void RankTable::share(MPI_Comm node) {
  size_ = sizeof(std::atomic<bool>) + alignof(RankSlot) + hosts_.size() * sizeof(RankSlot);
  Name name{};
  if (is_leader()) {
    const std::string text = fmt::format("/jpo-{}-{:08x}", getpid(), std::random_device{}());
    text.copy(name.data(), kNameBytes - 1);
    memory_ = map(name.data(), size_, true);
    if (memory_ != nullptr) {
      slots_ = static_cast<RankSlot*>(memory_);
      std::uninitialized_value_construct_n(slots_, hosts_.size());
      claimed_ = reinterpret_cast<std::atomic<bool>*>(slots_ + hosts_.size());
      std::construct_at(claimed_, false);
    }
  }
  int error = is_leader() && memory_ == nullptr ? errno : 0;
  const int root = 0;
  MPI_OK(MPI_Bcast(name.data(), kNameBytes, MPI_CHAR, root, node));
  if (!is_leader()) {
    memory_ = map(name.data(), size_, false);
    error = memory_ == nullptr ? errno : 0;
    slots_ = static_cast<RankSlot*>(memory_);
    if (memory_ != nullptr) claimed_ = reinterpret_cast<std::atomic<bool>*>(slots_ + hosts_.size());
  }
  MPI_OK(MPI_Barrier(node));
  if (is_leader()) shm_unlink(name.data());
  if (error != 0) problem_ = fmt::format("no shared memory: {}", std::strerror(error));
}

bool RankTable::is_local(int rank) const {
  return std::ranges::binary_search(local_, rank);
}

RankTable::~RankTable() {
  if (memory_ != nullptr) munmap(memory_, size_);
}

}  // namespace jpo
