#include "deck/earlier_methods.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/errors.hpp"
#include "deck/binding.hpp"

namespace jpo {
namespace {

// Checks the keys of one method that refer to earlier methods.
class References {
 public:
  References(const MethodDeck& method, const toml::table& table, const std::string& file)
      : table_(table), file_(file), section_("method." + method.name) {
    method.settings->describe(keys_);
  }

  void check(const std::vector<MethodDeck>& earlier) const {
    for (const Key& key : keys_.keys()) {
      if (key.rule.earlier_method == EarlierMethod::none) continue;
      const std::string& name = *std::get<std::string*>(key.field);
      if (name.empty() && !key.rule.required) continue;
      const MethodDeck& named = find(key, name, earlier);
      if (key.rule.earlier_method == EarlierMethod::start) check_answers(named);
    }
  }

 private:
  [[noreturn]] void refuse_key(const Key& key, const std::string& what, const std::string& allowed,
                               const std::string& near = "") const {
    const toml::node* node = table_.get(key.name);
    refuse(source_location(file_, node != nullptr ? node->source() : table_.source()),
           section_ + "." + key.name, what, allowed, near);
  }

  const MethodDeck& find(const Key& key, const std::string& name,
                         const std::vector<MethodDeck>& earlier) const {
    const auto found = std::ranges::find(earlier, name, &MethodDeck::name);
    if (found != earlier.end()) return *found;
    std::vector<std::string> names;
    for (const MethodDeck& method : earlier) names.push_back(method.name);
    refuse_key(key, fmt::format("\"{}\" is not an earlier method", one_line(name, kValueBytes)),
               names.empty() ? "none: this is the first method"
                             : fmt::format("one of {}", fmt::join(names, ", ")),
               nearest_name(name, names));
  }

  // Throws if this method uses more answers than `start` has: its best one and those that it keeps.
  void check_answers(const MethodDeck& start) const {
    KeyTable start_keys;
    start.settings->describe(start_keys);
    std::int64_t n_kept = 0;
    for (const Key& key : start_keys.keys())
      if (key.rule.answer_count == AnswerCount::kept) n_kept = *std::get<std::int64_t*>(key.field);
    for (const Key& key : keys_.keys()) {
      if (key.rule.answer_count != AnswerCount::used) continue;
      const std::int64_t n_used = *std::get<std::int64_t*>(key.field);
      if (n_used > 1 + n_kept)
        refuse_key(key, fmt::format("{} is more than the answers of \"{}\"", n_used, start.name),
                   fmt::format("at most {}: its best answer and {} snapshots", 1 + n_kept, n_kept));
    }
  }

  const toml::table& table_;
  const std::string& file_;
  std::string section_;
  KeyTable keys_;
};

}  // namespace

void check_earlier_methods(const MethodDeck& method, const std::vector<MethodDeck>& earlier,
                           const toml::table& table, const std::string& file) {
  References(method, table, file).check(earlier);
}

}  // namespace jpo
