#pragma once
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace jpo {

/// Entries that are registered before main, sorted by name. A registry must be a static variable of
/// a function, so that it is constructed before the first registration.
template <class Entry, std::string Entry::*name>
class Registry {
 public:
  void add(Entry entry) {
    const auto position = std::ranges::lower_bound(entries_, entry.*name, {}, name);
    entries_.insert(position, std::move(entry));
  }
  const std::vector<Entry>& entries() const { return entries_; }
  /// Returns the entry of this name, or nullptr if there is none.
  const Entry* find(const std::string& wanted) const {
    const auto found = std::ranges::find(entries_, wanted, name);
    return found == entries_.end() ? nullptr : &*found;
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace jpo
