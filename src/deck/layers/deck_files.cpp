#include "deck/layers/deck_files.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "deck/binding.hpp"
#include "deck/expand_path.hpp"
#include "deck/layers/deck_tree.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

// Returns the text of a file. Throws BadInput with the reason, without the path.
std::string read_file(const std::string& path) {
  std::error_code ignored;  // opening the file fails as well
  if (fs::is_directory(path, ignored)) throw BadInput("it is a folder");
  errno = 0;
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) throw BadInput(errno != 0 ? std::strerror(errno) : "it cannot be read");
  return text.str();
}

// Reads the base of the last deck in `files`. `location` is the position of the key `base` in that
// deck, for messages.
DeckFile read_base(const DeckFiles& files, const std::string& name, const std::string& location) {
  std::string path;
  try {
    path = (fs::path(files.back().path).parent_path() / expand_path(name)).string();
  } catch (const BadInput& error) {
    refuse(location, "base", error.what(), kPathForm);
  }
  for (const DeckFile& file : files) {
    std::error_code ignored;  // a missing file fails below
    if (fs::equivalent(file.path, path, ignored))
      refuse(location, "base", fmt::format("{} is a variant of itself", file.path),
             "a deck that does not have this one as its base");
  }
  try {
    return {path, read_file(path)};
  } catch (const BadInput& error) {
    refuse(location, "base", fmt::format("cannot read {}: {}", path, error.what()),
           "path of a deck, relative to the folder of this one");
  }
}

}  // namespace

DeckFiles read_bases(DeckFile deck) {
  DeckFiles files = {std::move(deck)};
  while (true) {
    const toml::table table = parse_deck(files.back());
    const toml::node* base = base_of(table);
    if (base == nullptr) return files;
    const std::string location = source_location(files.back().path, base->source());
    files.push_back(read_base(files, base->as_string()->get(), location));
  }
}

DeckFiles read_deck_files(const std::string& path) {
  DeckFile deck{path, ""};
  try {
    deck.path = expand_path(path);
    deck.text = read_file(deck.path);
  } catch (const BadInput& error) {
    throw BadInput(fmt::format("cannot read the deck {}: {}", path, error.what()));
  }
  return read_bases(std::move(deck));
}

}  // namespace jpo
