#include <algorithm>

#include <fmt/format.h>

#include "deck/binding.hpp"
#include "deck/deck.hpp"
#include "deck/resolved.hpp"

namespace jpo {
namespace {

std::string attributes_text(const KeyRule& rule) {
  std::string text;
  if (rule.earlier_method == EarlierMethod::named) text += "; name of an earlier method";
  if (rule.earlier_method == EarlierMethod::start)
    text += "; name of an earlier method, whose cost is added";
  if (!rule.affects_result) text += "; changes no result";
  return text;
}

std::string key_lines(Settings& settings) {
  KeyTable table;
  settings.describe(table);
  std::string text;
  for (const Key& key : table.keys()) {
    const std::string value = key.rule.required ? "(required)" : toml_value(key.field);
    const std::string unit = key.rule.unit.empty() ? "" : fmt::format(" [{}]", key.rule.unit);
    text += fmt::format("  {:<28} = {:<16} {}{}{}\n      {}\n", key.name, value, allowed_text(key),
                        unit, attributes_text(key.rule), key.rule.doc);
  }
  return text;
}

std::string choices(const std::vector<Choice>& choices, const std::string& title) {
  std::string text;
  for (const Choice& choice : choices)
    text += fmt::format("\n{} \"{}\": {}\n{}", title, choice.name, choice.summary,
                        key_lines(*choice.make()));
  return text;
}

}  // namespace

std::string describe_keys(const Catalogue& catalogue) {
  std::string text =
      "All keys of a deck, with their defaults, allowed values and [units].\n"
      "The box is the set lower <= m <= upper of the model's parameters m; its centre is the\n"
      "default start. The answer of a method to a problem is the best m that it has found.\n"
      "\nBefore all sections\n"
      "  base                                            string\n"
      "      path of another deck, relative to the folder of this one; this deck then contains\n"
      "      only the keys that differ; a [[method]] whose name is in the base changes the keys\n"
      "      that it contains, and a [[method]] of another name is appended\n"
      "  methods                                         array of strings\n"
      "      names of the methods to run, in this order; without this key all methods run\n";
  for (const Catalogue::Section& section : catalogue.sections)
    text +=
        fmt::format("\n[{}]  {}\n{}", section.name, section.summary, key_lines(*section.make()));
  text +=
      "\n[study.variants.NAME]  a variant of the deck for `jpo study`, run at every size and seed\n"
      "  any key of the deck, as section.key or method.NAME.key: network.hidden = [256, 256]\n";
  text +=
      "\n[model]  the forward model and its keys\n"
      "  name                         = (required)       string\n      one of the names below\n";
  text += choices(catalogue.models, "[model] name =");
  text +=
      "\n[[method]]  one block per method, in the order in which the methods run\n"
      "  name                         = the kind         string\n"
      "      name of the method in the results: letters, digits, _ + -\n"
      "  kind                         = (required)       string\n      one of the kinds below\n";
  text += choices(catalogue.methods, "[[method]] kind =");
  text +=
      "\n[petsc]  options for PETSc, without the dash; options of a method start with its name and "
      "_,\n      with the name in lower case and _ for + and -: bfgs_tao_ls_type = \"armijo\"\n";
  return text;
}

}  // namespace jpo
