#pragma once
// Declaration of deck keys. A struct of settings lists for each of its fields the key, its default,
// unit, bounds and one line of documentation. The deck reader, the resolved deck and
// `jpo check --keys` use this table.

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace jpo {

/// Pointer to the field of a key. The field's value at registration is the default.
using Field = std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::int64_t>*,
                           std::vector<double>*, std::vector<std::string>*>;

/// Relation of a method's string key to an earlier method of the deck. An empty string refers to no
/// method, unless the key is required.
enum class EarlierMethod : std::uint8_t {
  /// The string is not the name of a method.
  none,
  /// The name of an earlier method.
  named,
  /// The name of the earlier method whose answers are the starts. Its cost is added.
  start,
};

/// Meaning of an integer key that counts answers passed from one method to another.
enum class AnswerCount : std::uint8_t {
  /// The integer counts something else.
  none,
  /// Number of answers that the method keeps in addition to its best one.
  kept,
  /// Number of answers used from the start method: at most one more than that method keeps.
  used,
};

/// Allowed values and meaning of a key. Bounds are inclusive unless they are marked as open. For
/// arrays they apply to every element.
struct KeyRule {
  /// Documentation, one line.
  std::string doc{};
  /// Empty if the key is dimensionless or not a number.
  std::string unit{};
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  /// True if min itself is not allowed.
  bool min_is_open = false;
  /// True if max itself is not allowed.
  bool max_is_open = false;
  /// Allowed strings; empty if all are allowed.
  std::vector<std::string> allowed{};
  /// True for a string that is a path: ~/ and environment variables in it are expanded.
  bool is_path = false;
  /// True if there is no default: the key must be in the deck.
  bool required = false;
  /// False if every value gives the same bits in the results. Such keys may differ when a run is
  /// resumed.
  bool affects_result = true;
  EarlierMethod earlier_method = EarlierMethod::none;
  AnswerCount answer_count = AnswerCount::none;
  /// Former name of the key. A deck that uses it is refused with an error that gives the new name.
  std::string old_name{};
};

struct Key {
  std::string name;
  Field field;
  KeyRule rule;
};

/// Table of keys, filled by Settings::describe.
class KeyTable {
 public:
  void add(std::string name, Field field, KeyRule rule) {
    keys_.push_back({std::move(name), field, std::move(rule)});
  }
  const std::vector<Key>& keys() const { return keys_; }

 private:
  std::vector<Key> keys_;
};

/// One section of the deck. A derived struct has one field per key, with its default.
struct Settings {
  Settings() = default;
  Settings(const Settings&) = default;
  Settings& operator=(const Settings&) = default;
  Settings(Settings&&) = default;
  Settings& operator=(Settings&&) = default;
  virtual ~Settings() = default;

  /// Adds the keys of this section to the table. Rules may depend on the values of fields; call
  /// describe() again after the deck is read.
  virtual void describe(KeyTable& table) = 0;
  /// Checks rules that involve several keys. Throws BadInput with a message that names the keys.
  virtual void check() const {}
};

}  // namespace jpo
