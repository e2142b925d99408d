#include "core/session/code_hash.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <link.h>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "core/hash.hpp"

namespace jpo {
namespace {

using Bytes = std::vector<char>;
using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);

constexpr const char* kProgram = "/proc/self/exe";

// The addresses to find, and the paths found.
struct Search {
  std::span<const void* const> addresses;
  std::vector<std::string> paths;
};

bool contains(const dl_phdr_info& object, const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  return std::any_of(
      object.dlpi_phdr, object.dlpi_phdr + object.dlpi_phnum, [&](const Segment& segment) {
        const std::uintptr_t first = object.dlpi_addr + segment.p_vaddr;
        return segment.p_type == PT_LOAD && wanted >= first && wanted < first + segment.p_memsz;
      });
}

int add_if_own(dl_phdr_info* object, std::size_t /*size*/, void* data) {
  auto& search = *static_cast<Search*>(data);
  const std::string name = object->dlpi_name;
  const bool is_own = !name.empty() && std::ranges::any_of(search.addresses, [&](const void* at) {
    return contains(*object, at);
  });
  if (is_own) search.paths.push_back(name);
  return 0;
}

Bytes read_file(const std::string& path) {
  std::error_code ignored;
  const std::uintmax_t size = std::filesystem::file_size(path, ignored);
  Bytes bytes(ignored ? 0 : size);
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), std::ssize(bytes));
  if (!file || bytes.size() < sizeof(Header) || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0)
    throw BadInput(
        fmt::format("{} cannot be read as a program, so its code cannot be hashed", path));
  return bytes;
}

std::vector<Segment> segments_of(const Bytes& bytes, const std::string& path) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  std::vector<Segment> segments(header.e_phnum);
  const std::size_t size = segments.size() * sizeof(Segment);
  if (header.e_phoff > bytes.size() || size > bytes.size() - header.e_phoff)
    throw BadInput(fmt::format("{} is truncated, so its code cannot be hashed", path));
  std::memcpy(segments.data(), bytes.data() + header.e_phoff, size);
  return segments;
}

void clear(Bytes& bytes, std::size_t first, std::size_t size) {
  first = std::min(first, bytes.size());
  std::fill_n(bytes.data() + first, std::min(size, bytes.size() - first), '\0');
}

// The file's header depends on the symbols for debuggers. Notes are build ids and the git revision.
std::uint64_t hash_object(const std::string& path) {
  Bytes bytes = read_file(path);
  const std::vector<Segment> segments = segments_of(bytes, path);
  clear(bytes, 0, sizeof(Header));
  for (const Segment& segment : segments)
    if (segment.p_type == PT_NOTE) clear(bytes, segment.p_offset, segment.p_filesz);
  std::uint64_t hash = hash_bytes({});
  for (const Segment& segment : segments) {
    if (segment.p_type != PT_LOAD) continue;
    const std::size_t first = std::min<std::size_t>(segment.p_offset, bytes.size());
    const std::size_t size = std::min<std::size_t>(segment.p_filesz, bytes.size() - first);
    hash = hash_values(std::span<const char>(bytes.data() + first, size), hash);
  }
  return hash;
}

}  // namespace

std::vector<std::string> own_objects(std::span<const void* const> addresses) {
  Search search{addresses, {kProgram}};
  dl_iterate_phdr(add_if_own, &search);
  return search.paths;
}

std::string code_hash(const std::vector<std::string>& objects) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(objects.size());
  for (const std::string& path : objects) hashes.push_back(hash_object(path));
  std::ranges::sort(hashes);
  return fmt::format("{:016x}", hash_values(std::span<const std::uint64_t>(hashes)));
}

}  // namespace jpo
