#pragma once
// Sums over ranks by MPI or by NCCL, from host or device memory.

#include <cstdint>
#include <memory>
#include <string>

#include <mpi.h>

#include "core/device/memory_space.hpp"

namespace jpo {

class NcclRanks;

/// Library and memory for the sums over the ranks of a communicator.
class Transport {
 public:
  enum class Kind : std::uint8_t {
    /// MPI, with device memory if MPI accepts it.
    mpi,
    /// MPI, with values copied through host memory.
    staged,
    /// NCCL, with device memory.
    nccl,
  };

  /// MPI on comm, for sums in host memory. comm must outlive this object.
  explicit Transport(MPI_Comm comm);
  /// Kind::nccl needs a separate device for each rank (see shared_device) and throws
  /// std::runtime_error if NCCL does not start. Collective on comm, which must outlive this object.
  Transport(Kind kind, MPI_Comm comm);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  Transport(Transport&&) noexcept;
  Transport& operator=(Transport&&) noexcept;
  ~Transport();

  MPI_Comm comm() const { return comm_; }
  /// True if sum() accepts values in device memory.
  bool takes_device_memory() const { return takes_device_memory_; }

  /// Replaces values[k] by its sum over the ranks. Values may be in device memory only if
  /// takes_device_memory(). Collective on comm; `space` must be the same on every rank.
  void sum(MemorySpace space, std::int64_t* values, std::int64_t n) const;
  void sum(MemorySpace space, double* values, std::int64_t n) const;

 private:
  MPI_Comm comm_;
  std::unique_ptr<NcclRanks> nccl_;
  bool takes_device_memory_ = false;
};

/// Returns a text for messages: library and memory for the sums of values on devices.
std::string transport_text(Transport::Kind kind);

/// Returns a message with two ranks on one machine that have the same device; empty if each rank
/// has its own device. `bus_id` is that of this rank (device_pci_bus_id()). The same on every rank.
/// Collective on comm.
std::string shared_device(const std::string& bus_id, MPI_Comm comm);

}  // namespace jpo
