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
  std::string output;  ///< path of the result file; default runs/<name>.h5
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
  std::string name;     ///< value of the choosing key
  std::string summary;  ///< one line for --keys
  std::function<std::unique_ptr<Settings>()> make;
};

/// What the program offers: the driver fills it from the registries.
struct Catalogue {
  struct Section {
    std::string name;  ///< "data"
    std::string summary;
    std::function<std::unique_ptr<Settings>()> make;
  };
  std::vector<Section> sections;  ///< plain sections: run, data, network, ...; all optional
  std::vector<Choice> models;     ///< chosen by [model] name (required)
  std::vector<Choice> methods;    ///< chosen by [[method]] kind (required, at least one method)
};

struct MethodDeck {
  std::string name;  ///< unique, matches [A-Za-z0-9_+-]+
  std::string kind;
  std::unique_ptr<Settings> settings;
};

/// A named change of the deck, from [study.variants.NAME].
struct StudyVariant {
  std::string name;
  std::string changes;  ///< TOML, one line a key: network.hidden = [256, 256]
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
  std::set<std::string> given;  ///< "section.key" of plain sections that are no defaults
  std::string model_name;
  std::unique_ptr<Settings> model;
  std::vector<MethodDeck> methods;                         ///< in deck order
  std::vector<std::pair<std::string, std::string>> petsc;  ///< option name without dash, value
  std::vector<StudyVariant> variants;                      ///< of [study], in deck order
  std::string resolved;  ///< TOML text with every key and its value: reading it gives this deck
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
  std::string first_methods{};  ///< TOML of [[method]] blocks that run before the deck's own
  /// "section.key=value"; the value is TOML, or a string if it is not valid TOML.
  /// "method.NAME.key=value" addresses the [[method]] of that name, "petsc.option=value" an option,
  /// "study.variants.NAME.section.key=value" a variant.
  std::vector<std::string> overrides{};
  /// Makes the deck one run of its study: with this variant ("": none) and without [study].
  std::optional<std::string> variant{};
  std::vector<std::string> last_overrides{};  ///< as `overrides`, after the variant
};

/// Parses a deck with its changes and checks it, and checks it once more with each of its variants.
/// Pure: no files, no MPI. Throws BadInput with one message: "FILE:LINE:COL: key 'data.nois':
/// unknown key; allowed: ...; did you mean 'noise'?" The place of an override is "--set data.nois".
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
