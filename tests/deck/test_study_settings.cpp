#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "deck/differing_keys.hpp"
#include "deck/study_settings.hpp"
#include "driver/catalogue.hpp"
#include "driver/study/study_cells.hpp"

namespace jpo {
namespace {

using Texts = std::vector<std::string>;

const std::string kDeck = R"([run]
name = "tiny"
seed = 3
[model]
name = "kuramoto_sivashinsky"
[[method]]
name = "bfgs"
kind = "tao"
[[method]]
name = "again"
kind = "refine"
from = "bfgs"
)";

std::vector<StudyCell> cells_of(const std::string& study, const Texts& overrides = {}) {
  return study_cells({{"deck.toml", kDeck + study}}, overrides, MPI_COMM_SELF);
}

std::string refusal(const std::string& study, const Texts& overrides = {}) {
  try {
    cells_of(study, overrides);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "not refused";
}

Texts variants_of(const std::string& study, const Texts& overrides = {}) {
  Texts names;
  for (const StudyCell& cell : cells_of(study, overrides)) names.push_back(cell.variant);
  return names;
}

Deck deck_of(const std::string& study, const Texts& overrides = {}) {
  return read_deck(kDeck + study, "deck.toml", overrides, program_catalogue());
}

// The order is that of the text, not of the names.
TEST(Variants, KeepTheOrderOfTheDeck) {
  EXPECT_EQ(variants_of(R"([study.variants.zebra]
data.noise = 0.1
[study.variants."b+2".method.again]
max_evaluations = 7
[study.variants.a]
)"),
            (Texts{"zebra", "b+2", "a"}));
}

TEST(Variants, AreWrittenAndReadBack) {
  const Deck deck = deck_of(R"([study.variants.wide]
network.hidden = [1, 2]
method.bfgs.gradient_tolerance = 1e-9
petsc."a.b" = "x\"y"
[study.variants."b+2"]
[study.variants.c.data]
noise = 1
)");
  ASSERT_EQ(deck.variants.size(), 3U);
  EXPECT_EQ(deck.variants[0].changes,
            "method.bfgs.gradient_tolerance = 1e-09\n"
            "network.hidden = [1, 2]\n"
            "petsc.\"a.b\" = \"x\\\"y\"\n");
  EXPECT_EQ(deck.variants[1].changes, "");
  EXPECT_NE(deck.resolved.find("[study.variants.\"b+2\"]\n"), std::string::npos);
  EXPECT_EQ(read_deck(deck.resolved, "resolved", {}, program_catalogue()).resolved, deck.resolved);
}

TEST(Variants, CanBeSetOnTheCommandLine) {
  const std::string study = "[study.variants.b]\ndata.noise = 0.5\n[study.variants.a]\n";
  EXPECT_EQ(variants_of(study, {"study.variants.c={}"}), (Texts{"b", "a", "c"}));
  EXPECT_EQ(variants_of(study, {"study.only=[\"a\"]"}), (Texts{"a"}));
  EXPECT_EQ(variants_of(study, {"study.only=[\"a\", \"b\"]"}), (Texts{"b", "a"}));
  EXPECT_EQ(variants_of("", {"study.variants.c={}", "study.variants.b={}"}), (Texts{"c", "b"}));
  const auto cells = cells_of(
      study, {"study.variants.a.method.again.max_evaluations=7", "study.variants.b.data.noise=0.25",
              "study.variants.a.petsc.x.y=on", "data.noise=0.125"});
  EXPECT_EQ(differing_keys(cells[0].deck.resolved, cells[1].deck.resolved, {"run.output"}),
            (Texts{"data.noise (0.25 in the deck, 0.125 in the file)",
                   "method.again.max_evaluations (100 in the deck, 7 in the file)",
                   "petsc.x.y (nothing in the deck, 'on' in the file)"}));
  EXPECT_NE(refusal(study, {"study.variants.a.data.nois=1"})
                .find("--set study.variants.a.data.nois: key 'data.nois': unknown key"),
            std::string::npos);
  EXPECT_NE(refusal(study, {"study.variants=[\"a: data.noise=1\"]"})
                .find("--set study.variants: key 'study.variants': is not a table"),
            std::string::npos);
  EXPECT_NE(refusal(study, {"study.only=[\"c\"]"})
                .find("--set study.only: key 'study.only': \"c\" is not a variant; allowed: b, a"),
            std::string::npos);
  EXPECT_NE(refusal(study, {"study.variants.a."}).find("expected section.key=value"),
            std::string::npos);
}

// If both set a key, the value of the variant is used; otherwise two variants could become equal.
TEST(Variants, OverrideTheCommandLine) {
  const auto cells = cells_of("[study.variants.a]\ndata.noise = 0.5\n", {"data.noise=0.25"});
  EXPECT_NE(cells.at(0).deck.resolved.find("noise = 0.5\n"), std::string::npos);
}

TEST(Variants, CanSelectMethods) {
  const auto cells = cells_of("[study.variants.a]\nmethods = [\"bfgs\"]\n[study.variants.b]\n");
  EXPECT_EQ(cells.at(0).deck.methods.size(), 1U);
  EXPECT_EQ(cells.at(1).deck.methods.size(), 2U);
}

// `jpo run` also reads decks with a study, and checks the variants.
TEST(Variants, AreCheckedWithTheDeck) {
  EXPECT_THROW(deck_of("[study.variants.a]\ndata.nois = 1\n"), BadInput);
}

TEST(StudyCells, AreVariantsBySizesBySeeds) {
  const auto cells = cells_of(R"([study]
seeds = [5, 6]
sizes = [2, 4, 8]
[study.variants.plain]
[study.variants.few]
method.again.max_evaluations = 7
)",
                              {"data.noise=0.25", "data.n_problem=99"});
  ASSERT_EQ(cells.size(), 12U);
  EXPECT_EQ(cells[1].path, "runs/tiny/plain_n2_seed6.h5");
  EXPECT_EQ(cells[11].path, "runs/tiny/few_n8_seed6.h5");
  const Deck& deck = cells[10].deck;
  EXPECT_EQ(deck.section<RunSettings>("run").seed, 5);
  EXPECT_EQ(deck.section<RunSettings>("run").output_path(), "runs/tiny/few_n8_seed5.h5");
  EXPECT_FALSE(has_study(deck));
  EXPECT_EQ(differing_keys(cells[10].deck.resolved, cells[4].deck.resolved, {"run.output"}),
            (Texts{"method.again.max_evaluations (7 in the deck, 100 in the file)"}));
  EXPECT_EQ(differing_keys(cells[0].deck.resolved, cells[3].deck.resolved, {"run.output"}),
            (Texts{"data.n_problem (2 in the deck, 4 in the file)",
                   "run.seed (5 in the deck, 6 in the file)"}));
  // The resolved deck of a cell is a complete deck.
  EXPECT_EQ(read_deck(deck.resolved, "cell", {}, program_catalogue()).resolved, deck.resolved);
  EXPECT_NE(deck.resolved.find("noise = 0.25"), std::string::npos);
}

TEST(StudyCells, WithoutASectionIsTheDeckItself) {
  const auto cells = cells_of("", {"data.n_problem=6", "study.output=some where"});
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].path, "some where/default_n6_seed3.h5");
}

TEST(StudyCells, RefuseAnInvalidVariant) {
  const std::string message = refusal("[study.variants.a]\n[study.variants.b]\ndata.nois = 1\n");
  EXPECT_EQ(message.substr(0, message.find(';')), "deck.toml:15:6: key 'data.nois': unknown key");
  EXPECT_NE(message.find("did you mean 'noise'? (in variant \"b\" of [study])"), std::string::npos)
      << message;
  // The rules of the model and the network are checked too.
  const std::string coarse =
      refusal("[study.variants.a]\nmodel.name = \"wave_packet\"\ndata.inverse_crime = false\n");
  EXPECT_NE(coarse.find("deck.toml: variant \"a\" of [study]"), std::string::npos) << coarse;
  EXPECT_NE(coarse.find("no finer"), std::string::npos) << coarse;
}

TEST(DifferingKeys, ListsKeysAndBothValues) {
  const std::string one = "[a]\nx = 1\ny = 2.5\n[[method]]\nname = \"m\"\nk = true\n";
  EXPECT_TRUE(differing_keys(one, one).empty());
  EXPECT_EQ(differing_keys(one, "[a]\nx = 1\n[[method]]\nname = \"m\"\nk = false\n"),
            (Texts{"a.y (2.5 in the deck, nothing in the file)",
                   "method.m.k (true in the deck, false in the file)"}));
  const std::string two = "[[method]]\nname = \"p\"\n[[method]]\nname = \"q\"\n";
  const std::string turned = "[[method]]\nname = \"q\"\n[[method]]\nname = \"p\"\n";
  EXPECT_EQ(differing_keys(two, turned),
            (Texts{"order of the methods (p q in the deck, q p in the file)"}));
  EXPECT_EQ(differing_keys(one, "not [ toml"), (Texts{"the whole deck"}));
}

}  // namespace
}  // namespace jpo
