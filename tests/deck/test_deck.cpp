#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "data/problem_set.hpp"
#include "deck/layers/deck_files.hpp"
#include "driver/catalogue.hpp"
#include "network/network.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGood = R"([run]
seed = 3
[model]
name = "kuramoto_sivashinsky"
horizon = 5
[[method]]
name = "bfgs"
kind = "tao"
[[method]]
name = "joint+refine"
kind = "refine"
from = "bfgs"
[petsc]
bfgs_tao_ls_type = "armijo"
)";

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Deck read(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return read_deck(text, "deck.toml", overrides, program_catalogue());
}

std::string refusal(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    read(text, overrides);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "not refused";
}

// Every key that is a path expands ~/ and variables; the resolved deck has the expanded path.
TEST(Deck, ExpandsPaths) {
  setenv("HOME", "/home/ada", 1);
  setenv("JPO_TEST_FOLDER", "/scratch", 1);
  unsetenv("JPO_TEST_UNSET");
  for (const std::string key :
       {"run.output", "checkpoint.directory", "study.output", "data.file", "method.p.result"}) {
    const std::string predict = std::string(kGood) +
                                "[[method]]\nname = \"p\"\nkind = \"predict\"\n"
                                "result = \"a\"\n[data]\nsource = \"file\"\n"
                                "file = \"b\"\n";
    const auto resolved = [&](const std::string& value) {
      return read(predict, {key + "=" + value}).resolved;
    };
    const std::string name = key.substr(key.rfind('.') + 1);
    for (const auto& [given, expanded] : std::vector<std::pair<std::string, std::string>>{
             {"~/x.h5", "/home/ada/x.h5"},
             {"$JPO_TEST_FOLDER/x", "/scratch/x"},
             {"a/${JPO_TEST_FOLDER}x~", "a//scratchx~"},
             {"a~/x", "a~/x"}})
      EXPECT_NE(resolved(given).find(name + " = \"" + expanded + "\"\n"), std::string::npos)
          << key << ": " << given;
    for (const auto& [given, reason] : std::vector<std::pair<std::string, std::string>>{
             {"~bob/x", "the home folder ~bob"},
             {"$JPO_TEST_UNSET/x", "variable JPO_TEST_UNSET is not set"},
             {"${JPO_TEST_FOLDER/x", "$ is not followed"},
             {"x$(pwd)", "$ is not followed"}}) {
      const std::string message = refusal(predict, {key + "=" + given});
      EXPECT_NE(message.find("key '" + key + "': \"" + given), std::string::npos) << message;
      EXPECT_NE(message.find(reason), std::string::npos) << message;
      EXPECT_NE(message.find("; allowed: path; ~/ and $NAME"), std::string::npos) << message;
    }
  }
}

TEST(Deck, FillsDefaultsAndValues) {
  const Deck deck = read(kGood);
  EXPECT_EQ(deck.section<RunSettings>("run").seed, 3);
  EXPECT_EQ(deck.section<RunSettings>("run").output_path(), "runs/run.h5");
  EXPECT_EQ(deck.section<DataSettings>("data").n_problem, DataSettings{}.n_problem);
  EXPECT_EQ(deck.model_name, "kuramoto_sivashinsky");
  ASSERT_EQ(deck.methods.size(), 2U);
  EXPECT_EQ(deck.methods[1].name, "joint+refine");
  EXPECT_EQ(deck.petsc.at(0), (std::pair<std::string, std::string>("bfgs_tao_ls_type", "armijo")));
}

TEST(Deck, ResolvedTextReadsBackTheSame) {
  for (const auto& overrides :
       {std::vector<std::string>{}, {"data.noise=1e-9", "model.alpha_max=0.3"}}) {
    const Deck deck = read(kGood, overrides);
    EXPECT_EQ(read(deck.resolved).resolved, deck.resolved);
  }
}

TEST(Deck, OverridesAreTomlOrStrings) {
  const Deck deck =
      read(kGood, {"data.n_problem=12", "run.name=with_no_quotes", "network.hidden=[3, 4]",
                   "method.joint+refine.max_evaluations=9", "petsc.log_view=true"});
  EXPECT_EQ(deck.section<DataSettings>("data").n_problem, 12);
  EXPECT_EQ(deck.section<RunSettings>("run").name, "with_no_quotes");
  EXPECT_EQ(deck.section<NetworkSettings>("network").hidden, (std::vector<std::int64_t>{3, 4}));
  EXPECT_NE(deck.resolved.find("max_evaluations = 9"), std::string::npos);
}

TEST(Deck, RefusesBadOverridesByName) {
  EXPECT_NE(refusal(kGood, {"data.n_problem=0"}).find("--set data.n_problem: key"),
            std::string::npos);
  EXPECT_NE(refusal(kGood, {"data.n_problm=3"}).find("did you mean 'n_problem'?"),
            std::string::npos);
  EXPECT_NE(refusal(kGood, {"n_problem=3"}).find("expected section.key=value"), std::string::npos);
  EXPECT_NE(refusal(kGood, {"data.n_problem"}).find("expected section.key=value"),
            std::string::npos);
  EXPECT_NE(refusal(kGood, {"method.bfg.max_evaluations=3"}).find("did you mean 'bfgs'?"),
            std::string::npos);
  EXPECT_NE(refusal(kGood, {"method.bfgs=3"}).find("allowed: method.NAME.key = value"),
            std::string::npos);
  EXPECT_NE(refusal(kGood, {"base.x=3"}).find("--set base.x: key 'base'"), std::string::npos);
  EXPECT_NE(refusal(kGood, {"methods.x=3"}).find("--set methods.x: key 'methods'"),
            std::string::npos);
  EXPECT_NE(refusal(kGood, {"run.name=\xff"}).find("--set run.name: is not valid TOML"),
            std::string::npos);
}

TEST(Deck, AnOverrideIsOneKey) {
  const Deck deck = read(kGood, {"run.output=a\ndata.noise=1", "data.n_problem=7 # seven"});
  EXPECT_EQ(deck.section<RunSettings>("run").output_path(), "a\ndata.noise=1");
  EXPECT_EQ(deck.section<DataSettings>("data").noise, 0.0);
  EXPECT_EQ(deck.section<DataSettings>("data").n_problem, 7);
}

TEST(Deck, AnOverrideReplacesAWholeValue) {
  EXPECT_NE(refusal(kGood, {"model.horizon={a=1}"}).find("--set model.horizon: key"),
            std::string::npos);
  EXPECT_EQ(refusal(kGood, {"model.horizon={a=1}", "model.horizon=5"}), "not refused");
}

// A wrong section of the deck is reported even if an override sets a key of it.
TEST(Deck, AnOverrideDoesNotReplaceASection) {
  const std::string bad =
      "run = 3\n" + std::string(kGood).substr(std::string(kGood).find("[model]"));
  EXPECT_NE(refusal(bad, {"run.seed=4"}).find("deck.toml:1:7: key 'run': is not a section"),
            std::string::npos);
}

TEST(Deck, RunsTheSelectedMethodsInTheirOrder) {
  const std::string more = kGood + std::string("[[method]]\nkind = \"joint\"\n");
  const auto names = [&](const std::string& list) {
    std::string all;
    for (const MethodDeck& method : read("methods = " + list + "\n" + more).methods)
      all += method.name + " ";
    return all;
  };
  EXPECT_EQ(names(R"(["joint", "bfgs", "joint+refine"])"), "joint bfgs joint+refine ");
  EXPECT_EQ(names(R"(["joint"])"), "joint ");
  EXPECT_NE(refusal("methods = [\"joint+refine\", \"bfgs\"]\n" + more)
                .find("\"bfgs\" is not an earlier method"),
            std::string::npos);
  EXPECT_NE(refusal("methods = []\n" + more).find("one [[method]] block or more"),
            std::string::npos);
}

TEST(Deck, EveryInvalidDeckIsRefusedWithItsMessage) {
  int n_deck = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(JPO_SOURCE_DIR) / "tests/decks/invalid")) {
    const std::string text = read_file(entry.path());
    const std::string message = refusal(text);
    std::istringstream lines(text);
    const std::string marker = "# expect: ";
    for (std::string line; std::getline(lines, line) && line.starts_with(marker);)
      EXPECT_NE(message.find(line.substr(marker.size())), std::string::npos)
          << entry.path().filename() << " expected: " << line << "\n  got: " << message;
    EXPECT_TRUE(message.starts_with("deck.toml")) << message;
    ++n_deck;
  }
  EXPECT_GE(n_deck, 25);
}

TEST(Deck, ShippedDecksAreGood) {
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(JPO_SOURCE_DIR) / "inputs")) {
    if (entry.path().extension() != ".toml") continue;
    EXPECT_NO_THROW(read_deck(read_deck_files(entry.path()), {}, program_catalogue()))
        << entry.path();
  }
}

// Any deck is read, or refused with one message.
TEST(Deck, MutationsAreReadOrRefused) {
  const std::string good = kGood;
  const std::string letters = "[]\"'=.#\n{},0a-\\\t_\x01\xff";
  RandomStream stream(11);
  int n_refused = 0;
  for (int k = 0; k < 3000; ++k) {
    std::string text = good;
    for (std::uint64_t change = 0; change <= stream.below(4); ++change) {
      const std::size_t position = stream.below(text.size());
      switch (stream.below(3)) {
        case 0:
          text[position] = letters[stream.below(letters.size())];
          break;
        case 1:
          text.erase(position, 1 + stream.below(12));
          break;
        default:
          text.insert(position, 1, letters[stream.below(letters.size())]);
      }
    }
    // An exception other than BadInput fails the test.
    n_refused += refusal(text) == "not refused" ? 0 : 1;
  }
  EXPECT_GT(n_refused, 1000);
  EXPECT_LT(n_refused, 3000);
}

TEST(Deck, ManualListsEveryKeyOfTheResolvedDeck) {
  const std::string manual = describe_keys(program_catalogue());
  std::istringstream lines(read(kGood).resolved);
  for (std::string line; std::getline(lines, line) && line != "[petsc]";) {
    const std::string key = line.substr(0, line.find(" = "));
    if (key.empty() || key[0] == '[') continue;
    EXPECT_NE(manual.find("  " + key), std::string::npos) << key;
  }
  EXPECT_NE(manual.find("  base  "), std::string::npos);
  EXPECT_NE(manual.find("  methods  "), std::string::npos);
  EXPECT_NE(manual.find("[study.variants.NAME]"), std::string::npos);
}

TEST(NearestName, CorrectsMisspeltNames) {
  EXPECT_EQ(nearest_name("horizn", {"n_grid", "horizon"}), "horizon");
  EXPECT_EQ(nearest_name("ntework", {"network", "parallel"}), "network");
  EXPECT_EQ(nearest_name("Seed", {"seed"}), "seed");
  EXPECT_EQ(nearest_name("horizn", {"horizontal", "noise"}), "");
  EXPECT_EQ(nearest_name("hrizan", {"horizon"}), "horizon");  // distance 2 of at most 2
  EXPECT_EQ(nearest_name("badcef", {"abcdef"}), "abcdef");    // two swaps
  EXPECT_EQ(nearest_name("zzzzzz", {"seed", "name"}), "");
}

}  // namespace
}  // namespace jpo
