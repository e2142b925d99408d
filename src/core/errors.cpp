#include "core/errors.hpp"

#include <algorithm>

namespace jpo {
namespace {

// True if `byte` continues a UTF-8 character.
bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

std::string one_line(std::string text, std::size_t most_bytes) {
  for (char& letter : text)
    if (static_cast<unsigned char>(letter) < 0x20U || letter == 0x7F) letter = ' ';
  if (text.size() <= most_bytes) return text;
  std::size_t head = 2 * most_bytes / 3;
  std::size_t tail = text.size() - (most_bytes - head);
  while (head > 0 && is_continuation(text[head])) --head;
  while (tail < text.size() && is_continuation(text[tail])) ++tail;
  return text.substr(0, head) + " ... " + text.substr(tail);
}

std::string shortened(const std::vector<std::string>& names) {
  constexpr std::size_t n_shown = 6;
  std::string text;
  for (std::size_t k = 0; k < std::min(names.size(), n_shown); ++k)
    text += (k > 0 ? ", " : "") + names[k];
  return names.size() <= n_shown ? text : text + ", ... (" + std::to_string(names.size()) + ")";
}

}  // namespace jpo
