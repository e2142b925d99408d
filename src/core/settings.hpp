#pragma once
// How a typed struct of settings tells the deck its keys: default, unit, bounds and one line of doc
// stand at the field. The reader, the resolved echo and `jpo check --keys` all use this one table.

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace jpo {

/// A pointer to the field that a key fills; its value at registration is the default.
using Field = std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::int64_t>*,
                           std::vector<double>*, std::vector<std::string>*>;

/// What a key allows. Bounds are inclusive unless `above`/`below` is used; for arrays they hold for
/// every element.
struct KeyRule {
  std::string doc{};   ///< one line
  std::string unit{};  ///< empty: dimensionless or no number
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_is_open = false;  ///< value > min instead of >=
  bool max_is_open = false;
  std::vector<std::string> allowed{};  ///< for strings: empty = any
  bool required = false;               ///< no default: the deck must say it
};

struct Key {
  std::string name;
  Field field;
  KeyRule rule;
};

/// The table that Settings::describe fills.
class KeyTable {
 public:
  void add(std::string name, Field field, KeyRule rule) {
    keys_.push_back({std::move(name), field, std::move(rule)});
  }
  const std::vector<Key>& keys() const { return keys_; }

 private:
  std::vector<Key> keys_;
};

/// One section of the deck. A derived struct has its fields with defaults and describes each.
struct Settings {
  Settings() = default;
  Settings(const Settings&) = default;
  Settings& operator=(const Settings&) = default;
  Settings(Settings&&) = default;
  Settings& operator=(Settings&&) = default;
  virtual ~Settings() = default;

  virtual void describe(KeyTable& table) = 0;
  /// Rules that span several keys: throws BadInput with a sentence that names them.
  virtual void check() const {}
};

}  // namespace jpo
