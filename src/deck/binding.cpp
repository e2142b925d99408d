#include "deck/binding.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/errors.hpp"
#include "deck/deck.hpp"
#include "deck/expand_path.hpp"

namespace jpo {
namespace {

template <class T>
constexpr const char* type_name = "?";
template <>
constexpr const char* type_name<bool> = "boolean";
template <>
constexpr const char* type_name<std::int64_t> = "integer";
template <>
constexpr const char* type_name<double> = "number";
template <>
constexpr const char* type_name<std::string> = "string";

std::string bounds_text(const KeyRule& rule) {
  const bool has_min = std::isfinite(rule.min);
  const bool has_max = std::isfinite(rule.max);
  const std::string min = fmt::format("{} {:g}", rule.min_is_open ? ">" : ">=", rule.min);
  const std::string max = fmt::format("{} {:g}", rule.max_is_open ? "<" : "<=", rule.max);
  if (has_min && has_max) return min + " and " + max;
  if (has_min) return min;
  return has_max ? max : "";
}

// Converts the TOML value of one key to the type of its field and checks it.
class Binder {
 public:
  Binder(const Key& key, std::string dotted, const std::string& file, const toml::node& node)
      : key_(key), dotted_(std::move(dotted)), file_(file), node_(node) {}

  void operator()(bool* field) const { *field = scalar<bool>(node_); }
  void operator()(std::int64_t* field) const { *field = bounded(scalar<std::int64_t>(node_)); }
  void operator()(double* field) const { *field = bounded(number(node_)); }
  void operator()(std::string* field) const { *field = text(node_); }
  void operator()(std::vector<std::int64_t>* field) const {
    *field = array<std::int64_t>(
        [this](const toml::node& n) { return bounded(scalar<std::int64_t>(n)); });
  }
  void operator()(std::vector<double>* field) const {
    *field = array<double>([this](const toml::node& n) { return bounded(number(n)); });
  }
  void operator()(std::vector<std::string>* field) const {
    *field = array<std::string>([this](const toml::node& n) { return text(n); });
  }

 private:
  [[noreturn]] void wrong(const std::string& what, const std::string& near = "") const {
    refuse(source_location(file_, node_.source()), dotted_, what, allowed_text(key_), near);
  }
  template <class T>
  T scalar(const toml::node& node) const {
    // Exact types only: toml++ would also convert 1.0 to an integer and true to 1.
    if (const auto* value = node.as<T>()) return value->get();
    wrong(fmt::format("{} is not of the right type", text_of(node)));
  }
  double number(const toml::node& node) const {
    if (const auto* value = node.as_integer()) return static_cast<double>(value->get());
    return scalar<double>(node);
  }
  template <class T>
  T bounded(T value) const {
    const auto x = static_cast<double>(value);
    const KeyRule& rule = key_.rule;
    const bool low = rule.min_is_open ? x > rule.min : x >= rule.min;
    const bool high = rule.max_is_open ? x < rule.max : x <= rule.max;
    if (!std::isfinite(x) || !low || !high)
      wrong(fmt::format("{} is out of bounds", text_of(node_)));
    return value;
  }
  std::string text(const toml::node& node) const {
    const std::string value = chosen(scalar<std::string>(node));
    try {
      return key_.rule.is_path ? expand_path(value) : value;
    } catch (const BadInput& error) {
      wrong(error.what());
    }
  }
  std::string chosen(const std::string& value) const {
    const auto& allowed = key_.rule.allowed;
    if (!allowed.empty() && std::ranges::find(allowed, value) == allowed.end())
      wrong(fmt::format("\"{}\" is not known", one_line(value, kValueBytes)),
            nearest_name(value, allowed));
    return value;
  }
  template <class T, class Convert>
  std::vector<T> array(Convert&& convert) const {
    const toml::array* nodes = node_.as_array();
    if (nodes == nullptr) wrong(fmt::format("{} is not an array", text_of(node_)));
    std::vector<T> values;
    for (const toml::node& element : *nodes) values.push_back(convert(element));
    return values;
  }

  const Key& key_;
  std::string dotted_;
  const std::string& file_;
  const toml::node& node_;
};

std::string element_type(const Field& field) {
  return std::visit(
      [](const auto* value) -> std::string {
        using T = std::remove_cvref_t<decltype(*value)>;
        if constexpr (requires { typename T::value_type; } && !std::is_same_v<T, std::string>)
          return fmt::format("array of {}s", type_name<typename T::value_type>);
        else
          return type_name<T>;
      },
      field);
}

void refuse_unknown(const toml::table& table, const std::string& section, const std::string& file,
                    const KeyTable& keys, std::vector<std::string> known) {
  for (const Key& key : keys.keys()) known.push_back(key.name);
  for (const auto& [name, node] : table) {
    const std::string given(name.str());
    if (std::ranges::find(known, given) != known.end()) continue;
    const std::string location = source_location(file, name.source());
    const std::string dotted = section + "." + given;
    for (const Key& key : keys.keys())
      if (key.rule.old_name == given)
        refuse(location, dotted, fmt::format("is now called '{}'", key.name));
    refuse(location, dotted, "unknown key", fmt::format("{}", fmt::join(known, ", ")),
           nearest_name(given, known));
  }
}

}  // namespace

std::string source_location(const std::string& file, const toml::source_region& region) {
  if (!region.path) return file;
  if (region.path->starts_with(kOverrideLocation)) return *region.path;
  return fmt::format("{}:{}:{}", *region.path, region.begin.line, region.begin.column);
}

void refuse(const std::string& location, const std::string& key, const std::string& what,
            const std::string& allowed, const std::string& near) {
  throw BadInput(fmt::format("{}: key '{}': {}{}{}", location, one_line(key, kValueBytes), what,
                             allowed.empty() ? "" : "; allowed: " + allowed,
                             near.empty() ? "" : "; did you mean '" + near + "'?"));
}

std::string allowed_text(const Key& key) {
  if (!key.rule.allowed.empty()) return fmt::format("one of {}", fmt::join(key.rule.allowed, ", "));
  if (key.rule.is_path) return kPathForm;
  const std::string bounds = bounds_text(key.rule);
  return element_type(key.field) + (bounds.empty() ? "" : " " + bounds);
}

bool is_name(const std::string& text, const std::string& extra) {
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-";
  return !text.empty() && text.find_first_not_of(letters + extra) == std::string::npos;
}

std::string text_of(const toml::node& node) {
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  std::stringstream text;
  node.visit([&](const auto& value) { text << value; });
  return one_line(text.str(), kValueBytes);
}

void read_settings(const toml::table& table, const std::string& section, const std::string& file,
                   Settings& settings, const std::vector<std::string>& others) {
  KeyTable keys;
  settings.describe(keys);
  refuse_unknown(table, section, file, keys, others);
  for (const Key& key : keys.keys()) {
    const toml::node* node = table.get(key.name);
    const std::string dotted = section + "." + key.name;
    if (node != nullptr)
      std::visit(Binder(key, dotted, file, *node), key.field);
    else if (key.rule.required)
      refuse(source_location(file, table.source()), dotted, "missing", allowed_text(key));
  }
  try {
    settings.check();
  } catch (const BadInput& error) {
    throw BadInput(fmt::format("{}: {}", source_location(file, table.source()), error.what()));
  }
}

}  // namespace jpo
