#include "core/session/host_link.hpp"

#include <algorithm>
#include <array>
#include <ifaddrs.h>
#include <net/if.h>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

#include "core/checks.hpp"
#include "core/communicator.hpp"

namespace jpo {
namespace {

// Addresses of the first rank of a host, in network byte order.
struct Addresses {
  std::uint16_t port = 0;
  std::uint16_t n = 0;
  std::array<std::uint32_t, 8> ip{};
};

struct Row {
  std::int32_t rank;
  std::int32_t method;
  std::int64_t n_call, step, pid;
  double longest_call;
  Phase phase;
  std::uint8_t is_armed, is_held;
};

// Small enough for one packet of 1500 bytes.
struct Datagram {
  std::uint64_t token;
  std::int64_t n_row;
  std::array<Row, 24> rows;
};

// Opens a socket on all interfaces and fills in its addresses. Returns -1 if this is impossible.
int open_socket(Addresses& addresses) {
  const int file = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (file < 0) return -1;
  sockaddr_in own{};
  own.sin_family = AF_INET;
  socklen_t size = sizeof(own);
  auto* address = reinterpret_cast<sockaddr*>(&own);
  ifaddrs* interfaces = nullptr;
  if (bind(file, address, size) != 0 || getsockname(file, address, &size) != 0 ||
      getifaddrs(&interfaces) != 0) {
    close(file);
    return -1;
  }
  addresses.port = own.sin_port;
  for (const ifaddrs* entry = interfaces; entry != nullptr; entry = entry->ifa_next) {
    const bool is_usable = entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == AF_INET &&
                           (entry->ifa_flags & IFF_UP) != 0;
    if (!is_usable || addresses.n == addresses.ip.size()) continue;
    addresses.ip[addresses.n++] =
        reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr.s_addr;
  }
  freeifaddrs(interfaces);
  return file;
}

Row row_of(int rank, const RankSlot& slot) {
  const RankProgress& progress = slot.progress;
  return {.rank = rank,
          .method = progress.method,
          .n_call = progress.n_call,
          .step = progress.step,
          .pid = slot.pid,
          .longest_call = progress.longest_call,
          .phase = progress.phase,
          .is_armed = static_cast<std::uint8_t>(progress.is_armed ? 1 : 0),
          .is_held = static_cast<std::uint8_t>(slot.is_held ? 1 : 0)};
}

void store(const Row& row, RankSlot& slot) {
  RankProgress& progress = slot.progress;
  progress.method = row.method;
  progress.step = row.step;
  progress.longest_call = row.longest_call;
  progress.phase = row.phase;
  progress.is_armed = row.is_armed != 0;
  slot.is_held = row.is_held != 0;
  slot.pid = row.pid;
  progress.n_call = row.n_call;
}

}  // namespace

HostLink::HostLink(RankTable& table, MPI_Comm comm) : table_(table) {
  Addresses own;
  if (table.is_leader()) socket_ = open_socket(own);
  std::vector<Addresses> all(static_cast<std::size_t>(mpi::size(comm)));
  MPI_OK(MPI_Allgather(&own, sizeof(Addresses), MPI_BYTE, all.data(), sizeof(Addresses), MPI_BYTE,
                       comm));
  token_ = (static_cast<std::uint64_t>(std::random_device{}()) << 32U) | std::random_device{}();
  MPI_OK(MPI_Bcast(&token_, 1, MPI_UINT64_T, 0, comm));
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (table.is_local(static_cast<int>(rank))) continue;
    for (std::uint16_t k = 0; k < all[rank].n; ++k) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = all[rank].port;
      address.sin_addr.s_addr = all[rank].ip[k];
      others_.push_back(address);
    }
  }
}

HostLink::~HostLink() {
  if (socket_ >= 0) close(socket_);
}

void HostLink::send() const {
  if (socket_ < 0) return;
  const std::vector<int>& ranks = table_.local_ranks();
  Datagram datagram{};
  datagram.token = token_;
  for (std::size_t first = 0; first < ranks.size(); first += datagram.rows.size()) {
    const std::size_t n = std::min(datagram.rows.size(), ranks.size() - first);
    for (std::size_t k = 0; k < n; ++k)
      datagram.rows[k] = row_of(ranks[first + k], table_.slots()[ranks[first + k]]);
    datagram.n_row = static_cast<std::int64_t>(n);
    // An address that cannot be reached is ignored: another one of that host may work.
    for (const sockaddr_in& other : others_)
      sendto(socket_, &datagram, sizeof(datagram), MSG_DONTWAIT | MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&other), sizeof(other));
  }
}

void HostLink::receive() const {
  if (socket_ < 0) return;
  Datagram datagram{};
  for (ssize_t size = 0; (size = recv(socket_, &datagram, sizeof(datagram), MSG_DONTWAIT)) >= 0;) {
    if (size != sizeof(datagram) || datagram.token != token_) continue;
    const auto n = std::clamp<std::int64_t>(datagram.n_row, 0, std::ssize(datagram.rows));
    for (const Row& row : std::span(datagram.rows).first(static_cast<std::size_t>(n)))
      if (row.rank >= 0 && row.rank < std::ssize(table_.slots()) && !table_.is_local(row.rank))
        store(row, table_.slots()[row.rank]);
  }
}

}  // namespace jpo
