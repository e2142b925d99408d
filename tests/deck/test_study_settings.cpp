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
  return study_cells(kDeck + study, {"deck.toml", overrides}, MPI_COMM_SELF);
}

std::string refusal(const std::string& study) {
  try {
    cells_of(study);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "not refused";
}

TEST(Variant, IsANameAndOverrides) {
  const StudyVariant variant = parse_variant("wide+2 : network.hidden = [1, 2];data.noise=0.1 ; ");
  EXPECT_EQ(variant.name, "wide+2");
  EXPECT_EQ(variant.overrides, (Texts{"network.hidden=[1, 2]", "data.noise=0.1"}));
  EXPECT_TRUE(parse_variant("plain").overrides.empty());
  EXPECT_TRUE(parse_variant("plain:").overrides.empty());
}

TEST(Variant, KeepsSemicolonsInQuotes) {
  EXPECT_EQ(parse_variant(R"(a: petsc.x="1;2"; petsc.y='3;"'; petsc.z="\";")").overrides,
            (Texts{R"(petsc.x="1;2")", R"(petsc.y='3;"')", R"(petsc.z="\";")"}));
}

TEST(StudyCells, AreVariantsBySizesBySeeds) {
  const auto cells = cells_of(R"([study]
seeds = [5, 6]
sizes = [2, 4, 8]
variants = ["plain", "few: method.again.max_evaluations=7"]
)",
                              {"data.noise=0.25", "data.n_problem=99"});
  ASSERT_EQ(cells.size(), 12U);
  EXPECT_EQ(cells[1].path, "runs/tiny/plain_n2_seed6.h5");
  EXPECT_EQ(cells[11].path, "runs/tiny/few_n8_seed6.h5");
  const Deck& deck = cells[10].deck;
  EXPECT_EQ(deck.section<RunSettings>("run").seed, 5);
  EXPECT_EQ(deck.section<RunSettings>("run").output_path(), "runs/tiny/few_n8_seed5.h5");
  EXPECT_FALSE(deck.section<StudySettings>("study").is_asked_for());
  EXPECT_EQ(differing_keys(cells[10].deck.resolved, cells[4].deck.resolved, {"run.output"}),
            (Texts{"method.again.max_evaluations (7, there 100)"}));
  EXPECT_EQ(differing_keys(cells[0].deck.resolved, cells[3].deck.resolved, {"run.output"}),
            (Texts{"data.n_problem (2, there 4)", "run.seed (5, there 6)"}));
  // A cell is a run: its resolved deck reads back as itself.
  EXPECT_EQ(read_deck(deck.resolved, "cell", {}, program_catalogue()).resolved, deck.resolved);
  EXPECT_NE(deck.resolved.find("noise = 0.25"), std::string::npos);
}

TEST(StudyCells, WithoutASectionIsTheDeckItself) {
  const auto cells = cells_of("", {"data.n_problem=6", "study.output=some where"});
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].path, "some where/default_n6_seed3.h5");
}

TEST(StudyCells, RefuseAVariantThatIsNoDeck) {
  const std::string message = refusal("[study]\nvariants = [\"a\", \"b: data.nois=1\"]\n");
  EXPECT_NE(message.find("deck.toml: variant \"b\" of [study]"), std::string::npos) << message;
  EXPECT_NE(message.find("did you mean 'noise'?"), std::string::npos) << message;
  // What only the model or the network knows is asked too.
  const std::string coarse = "model.name=\\\"wave_packet\\\"; data.inverse_crime=false";
  EXPECT_NE(refusal("[study]\nvariants = [\"a: " + coarse + "\"]\n").find("no finer"),
            std::string::npos);
}

TEST(DifferingKeys, NamesWhatDiffers) {
  const std::string one = "[a]\nx = 1\ny = 2.5\n[[method]]\nname = \"m\"\nk = true\n";
  EXPECT_TRUE(differing_keys(one, one).empty());
  EXPECT_EQ(differing_keys(one, "[a]\nx = 1\n[[method]]\nname = \"m\"\nk = false\n"),
            (Texts{"a.y (2.5, there nothing)", "method.m.k (true, there false)"}));
  const std::string two = "[[method]]\nname = \"p\"\n[[method]]\nname = \"q\"\n";
  const std::string turned = "[[method]]\nname = \"q\"\n[[method]]\nname = \"p\"\n";
  EXPECT_EQ(differing_keys(two, turned), (Texts{"order of the methods (p q , there q p )"}));
  EXPECT_EQ(differing_keys(one, "not [ toml"), (Texts{"the whole deck"}));
}

}  // namespace
}  // namespace jpo
