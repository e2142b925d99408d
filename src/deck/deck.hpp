#pragma once
// The input deck: a TOML file, checked against the tables of settings of the program. Unknown or
// duplicate keys, wrong types and values out of bounds are refused. The message has file, line and
// column, the key, the allowed values and the nearest known key.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/settings.hpp"

namespace jpo {

/// Section [run] of the deck.
struct RunSettings : Settings {
  std::string name = "run";
  std::int64_t seed = 0;
  /// Path of the result file; runs/<name>.h5 if empty.
  std::string output;
  bool overwrite = false;
  double max_failed_fraction = 1.0;
  double stall_seconds = 3600.0;
  bool petsc_environment = false;
  void describe(KeyTable& table) override;
  void check() const override;
  /// Returns false if the run fails with this fraction of problems without an answer.
  bool allows_failed(double fraction) const {
    return fraction <= max_failed_fraction && fraction < 1.0;
  }
  /// Returns the path of the result file.
  std::string output_path() const { return output.empty() ? "runs/" + name + ".h5" : output; }
};

/// One choice for a section whose keys depend on the value of one key: for example the model called
/// [model] name.
struct Choice {
  /// Value of that key.
  std::string name;
  /// One line for --keys.
  std::string summary;
  std::function<std::unique_ptr<Settings>()> make;
};

/// All sections, models and methods of the program. The driver fills it from the registries.
struct Catalogue {
  struct Section {
    /// Name of the section, for example "data".
    std::string name;
    std::string summary;
    std::function<std::unique_ptr<Settings>()> make;
  };
  /// Plain sections: run, data, network, ...; all are optional.
  std::vector<Section> sections;
  /// Choices of [model] name, which is required.
  std::vector<Choice> models;
  /// Choices of [[method]] kind. At least one method is required.
  std::vector<Choice> methods;
};

struct MethodDeck {
  /// Unique, matches [A-Za-z0-9_+-]+.
  std::string name;
  std::string kind;
  std::unique_ptr<Settings> settings;
};

/// A named change of the deck, from [study.variants.NAME].
struct StudyVariant {
  std::string name;
  /// TOML, one line per key: network.hidden = [256, 256].
  std::string changes;
};

/// A deck after defaults, --set overrides and checks.
class Deck {
 public:
  /// Returns the settings of a plain section. T is the type that its Catalogue::Section makes.
  template <class T>
  const T& section(const std::string& name) const {
    return dynamic_cast<const T&>(*sections.at(name));
  }

  std::map<std::string, std::unique_ptr<Settings>> sections;
  /// Keys of plain sections that the deck sets, as "section.key".
  std::set<std::string> given;
  std::string model_name;
  std::unique_ptr<Settings> model;
  /// In deck order.
  std::vector<MethodDeck> methods;
  /// Pairs of option name without dash and value.
  std::vector<std::pair<std::string, std::string>> petsc;
  /// Variants of [study], in deck order.
  std::vector<StudyVariant> variants;
  /// TOML text with every key and its value. Reading it gives this deck.
  std::string resolved;
};

/// Text of a deck, and the path shown in messages.
struct DeckFile {
  std::string path;
  std::string text;
};

/// A deck, its base, the base of its base, and so on.
using DeckFiles = std::vector<DeckFile>;

/// Changes of a deck, applied in this order.
struct DeckChanges {
  /// TOML of [[method]] blocks that run before the deck's own.
  std::string first_methods{};
  /// "section.key=value". The value is TOML, or a string if it is not valid TOML.
  /// "method.NAME.key=value" changes the [[method]] of that name, "petsc.option=value" a PETSc
  /// option, "study.variants.NAME.section.key=value" a variant.
  std::vector<std::string> overrides{};
  /// If set, the deck becomes one run of its study: with this variant ("" for none) and without
  /// [study].
  std::optional<std::string> variant{};
  /// Overrides that are applied after the variant.
  std::vector<std::string> last_overrides{};
};

/// Parses a deck with its changes and checks it, and checks it again with each of its variants.
/// Reads no files and does not use MPI. Throws BadInput with a message such as "FILE:LINE:COL: key
/// 'data.nois': unknown key; allowed: ...; did you mean 'noise'?" The location of an override is
/// "--set data.nois".
Deck read_deck(const DeckFiles& files, const DeckChanges& changes, const Catalogue& catalogue);

/// The same for a deck without a base.
Deck read_deck(const std::string& text, const std::string& file,
               const std::vector<std::string>& overrides, const Catalogue& catalogue);

/// Returns the text of `jpo check --keys`: for each section all keys with default, allowed values,
/// unit and documentation. Keys of a model or a method follow its name.
std::string describe_keys(const Catalogue& catalogue);

/// Returns the known name nearest to `name` (edit distance, ignoring case); empty if none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

}  // namespace jpo
