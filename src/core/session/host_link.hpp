#pragma once
// Exchange of progress between the hosts of a job by UDP datagrams, without MPI.

#include <cstdint>
#include <netinet/in.h>
#include <vector>

#include <mpi.h>

#include "core/session/rank_table.hpp"

namespace jpo {

/// The first rank of each host sends the slots of its host to the first ranks of all other hosts,
/// over IPv4 and over every network interface. Datagrams may be lost: each one replaces the
/// earlier.
class HostLink {
 public:
  /// Exchanges the addresses. Collective on comm. `table` must outlive this object.
  HostLink(RankTable& table, MPI_Comm comm);
  HostLink(const HostLink&) = delete;
  HostLink& operator=(const HostLink&) = delete;
  HostLink(HostLink&&) = delete;
  HostLink& operator=(HostLink&&) = delete;
  ~HostLink();

  /// Sends the slots of this host. Never waits. Not collective.
  void send() const;
  /// Copies all received slots into the table. Never waits. Not collective.
  void receive() const;

 private:
  RankTable& table_;
  /// -1: this rank neither sends nor receives.
  int socket_ = -1;
  /// Marks the datagrams of this job.
  std::uint64_t token_ = 0;
  std::vector<sockaddr_in> others_;
};

}  // namespace jpo
