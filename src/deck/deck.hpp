#pragma once
// The input deck: a TOML file, read strictly against the tables of settings that the rest of the
// program offers. Unknown or duplicate keys, wrong types, values out of bounds are refused with
// file, line, column, the key, what is allowed, and the nearest known key.

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

/// [run] of the deck.
struct RunSettings : Settings {
  std::string name = "run";
  std::int64_t seed = 0;
  /// Path of the result file; default runs/<name>.h5.
  std::string output;
  bool overwrite = false;
  double max_failed_fraction = 1.0;
  void describe(KeyTable& table) override;
  void check() const override;
  /// False where so large a share of problems without an answer fails the run.
  bool allows_failed(double fraction) const {
    return fraction <= max_failed_fraction && fraction < 1.0;
  }
  /// Path of the result file.
  std::string output_path() const { return output.empty() ? "runs/" + name + ".h5" : output; }
};

/// One way to fill a section that is chosen by a key: a model by [model] name, say.
struct Choice {
  /// Value of the choosing key.
  std::string name;
  /// One line for --keys.
  std::string summary;
  std::function<std::unique_ptr<Settings>()> make;
};

/// What the program offers: the driver fills it from the registries.
struct Catalogue {
  struct Section {
    /// "data".
    std::string name;
    std::string summary;
    std::function<std::unique_ptr<Settings>()> make;
  };
  /// Plain sections: run, data, network, ...; all optional.
  std::vector<Section> sections;
  /// Chosen by [model] name (required)
  std::vector<Choice> models;
  /// Chosen by [[method]] kind (required, at least one method)
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
  /// TOML, one line a key: network.hidden = [256, 256]
  std::string changes;
};

/// A deck after defaults, --set overrides and checks.
class Deck {
 public:
  /// The settings of a plain section, as the type that its Catalogue::Section makes.
  template <class T>
  const T& section(const std::string& name) const {
    return dynamic_cast<const T&>(*sections.at(name));
  }

  std::map<std::string, std::unique_ptr<Settings>> sections;
  /// "section.key" of plain sections that are no defaults.
  std::set<std::string> given;
  std::string model_name;
  std::unique_ptr<Settings> model;
  /// In deck order.
  std::vector<MethodDeck> methods;
  /// Option name without dash, value.
  std::vector<std::pair<std::string, std::string>> petsc;
  /// Of [study], in deck order.
  std::vector<StudyVariant> variants;
  /// TOML text with every key and its value: reading it gives this deck.
  std::string resolved;
};

/// A deck's text and the path that messages name.
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
  /// "section.key=value"; the value is TOML, or a string if it is not valid TOML.
  /// "method.NAME.key=value" addresses the [[method]] of that name, "petsc.option=value" an option,
  /// "study.variants.NAME.section.key=value" a variant.
  std::vector<std::string> overrides{};
  /// Makes the deck one run of its study: with this variant ("": none) and without [study].
  std::optional<std::string> variant{};
  /// As `overrides`, after the variant.
  std::vector<std::string> last_overrides{};
};

/// Parses a deck with its changes and checks it, and checks it once more with each of its variants.
/// Pure: no files, no MPI. Throws BadInput with one message: "FILE:LINE:COL: key 'data.nois':
/// unknown key; allowed: ...; did you mean 'noise'?" The location of an override is "--set
/// data.nois".
Deck read_deck(const DeckFiles& files, const DeckChanges& changes, const Catalogue& catalogue);

/// The same for a deck without a base.
Deck read_deck(const std::string& text, const std::string& file,
               const std::vector<std::string>& overrides, const Catalogue& catalogue);

/// The manual of all keys: section by section, key, type, default, unit, allowed, doc; the models'
/// and methods' own keys under each name. What `jpo check --keys` prints.
std::string describe_keys(const Catalogue& catalogue);

/// The known name nearest to `name` (edit distance), empty where nothing is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

}  // namespace jpo
