#pragma once
// How sums over ranks travel: by MPI, from the device's memory where it takes that, or by NCCL.

#include <cstdint>
#include <memory>
#include <string>

#include <mpi.h>

#include "core/device/memory_space.hpp"

namespace jpo {

class NcclRanks;

class Transport {
 public:
  enum class Kind : std::uint8_t {
    /// MPI, given device memory where it takes it.
    mpi,
    /// MPI, by way of the host's memory.
    staged,
    /// NCCL, on the ranks' devices.
    nccl,
  };

  /// MPI on comm, which must outlive this; for sums in the host's memory.
  explicit Transport(MPI_Comm comm);
  /// Collective on comm; nccl needs a device of its own for each rank (see shared_device). Throws
  /// std::runtime_error, on every rank, where NCCL does not start.
  Transport(Kind kind, MPI_Comm comm);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  Transport(Transport&&) noexcept;
  Transport& operator=(Transport&&) noexcept;
  ~Transport();

  MPI_Comm comm() const { return comm_; }
  bool takes_device_memory() const { return takes_device_memory_; }

  /// values[k] = sum over ranks of values[k]; on a device only where it takes device memory.
  /// Collective on comm, in the same space on every rank.
  void sum(MemorySpace space, std::int64_t* values, std::int64_t n) const;
  void sum(MemorySpace space, double* values, std::int64_t n) const;

 private:
  MPI_Comm comm_;
  std::unique_ptr<NcclRanks> nccl_;
  bool takes_device_memory_ = false;
};

/// For people: how sums of the devices' values would travel.
std::string transport_text(Transport::Kind kind);

/// Names two ranks of comm on one machine whose device has the same `bus_id` (device_pci_bus_id());
/// empty where every rank has its own. The same on every rank. Collective on comm.
std::string shared_device(const std::string& bus_id, MPI_Comm comm);

}  // namespace jpo
