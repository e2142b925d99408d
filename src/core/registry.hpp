#pragma once
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace jpo {

/// Errors of registrations. They happen before main, so main throws the first one later.
inline std::vector<std::string>& registration_errors() {
  static std::vector<std::string> errors;
  return errors;
}

/// Entries that are registered before main, sorted by name. A registry must be a static variable of
/// a function, so that it is constructed before the first registration. `kind` names the entries in
/// messages.
template <class Entry, std::string Entry::*name>
class Registry {
 public:
  explicit Registry(std::string kind) : kind_(std::move(kind)) {}

  /// Adds an entry. If there is an entry of this name, it remains, and an error is recorded.
  void add(Entry entry) {
    const auto position = std::ranges::lower_bound(entries_, entry.*name, {}, name);
    if (position != entries_.end() && (*position).*name == entry.*name) {
      registration_errors().push_back("two " + kind_ + "s are registered with the name '" +
                                      entry.*name + "'; allowed: another name for one of them");
      return;
    }
    entries_.insert(position, std::move(entry));
  }
  const std::vector<Entry>& entries() const { return entries_; }
  /// Returns the entry of this name, or nullptr if there is none.
  const Entry* find(const std::string& wanted) const {
    const auto found = std::ranges::find(entries_, wanted, name);
    return found == entries_.end() ? nullptr : &*found;
  }

 private:
  std::string kind_;
  std::vector<Entry> entries_;
};

}  // namespace jpo
