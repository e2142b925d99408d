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

/// How the string of a method's key refers to an earlier method of the deck. An empty string refers
/// to none, unless the key is required.
enum class EarlierMethod : std::uint8_t {
  /// The string is no name of a method.
  none,
  /// The name of an earlier method.
  named,
  /// The name of the earlier method whose answers are the starts: its cost is added.
  start,
};

/// What the integer of a method's key counts among the answers that pass from method to method.
enum class AnswerCount : std::uint8_t {
  none,
  /// Answers that the method keeps beside its best one.
  kept,
  /// Answers of the method it starts from: at most one more than that method keeps.
  used,
};

/// What a key allows and means. Bounds are inclusive unless they are open; for arrays they hold for
/// every element.
struct KeyRule {
  /// One line.
  std::string doc{};
  /// Empty: dimensionless or no number.
  std::string unit{};
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  /// value > min instead of >=.
  bool min_is_open = false;
  bool max_is_open = false;
  /// For strings: empty = any.
  std::vector<std::string> allowed{};
  /// No default: the deck must state it.
  bool required = false;
  /// False if results are the same bits for every value. Such keys may differ when a run is
  /// resumed.
  bool affects_result = true;
  EarlierMethod earlier_method = EarlierMethod::none;
  AnswerCount answer_count = AnswerCount::none;
  /// Refused with an error that gives the new name.
  std::string old_name{};
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

  /// Rules may depend on the fields' values: after reading they hold for that deck.
  virtual void describe(KeyTable& table) = 0;
  /// Rules that span several keys: throws BadInput with a sentence that names them.
  virtual void check() const {}
};

}  // namespace jpo
