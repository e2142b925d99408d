#include <gtest/gtest.h>

#include "deck/differing_keys.hpp"
#include "deck/key_attributes.hpp"
#include "driver/catalogue.hpp"

namespace jpo {
namespace {

using Names = std::set<std::string>;

const std::string kDeck = R"([model]
name = "kuramoto_sivashinsky"
[[method]]
name = "bfgs"
kind = "tao"
[[method]]
name = "refined"
kind = "refine"
from = "bfgs"
[[method]]
kind = "multi_start"
budget_of = "refined"
[[method]]
kind = "levenberg_marquardt"
)";

Deck read(const std::vector<std::string>& overrides = {}) {
  return read_deck(kDeck, "deck.toml", overrides, program_catalogue());
}

// The keys that may differ when a run is resumed. A new key must be added here on purpose.
TEST(KeysWithoutEffect, AreTheseKeys) {
  EXPECT_EQ(keys_without_effect(read()), (Names{"data.file",
                                                "run.output",
                                                "run.overwrite",
                                                "run.stall_seconds",
                                                "run.petsc_environment",
                                                "run.max_failed_fraction",
                                                "parallel.solve_batch",
                                                "parallel.transport",
                                                "checkpoint.directory",
                                                "checkpoint.every_updates",
                                                "checkpoint.every_seconds",
                                                "checkpoint.keep",
                                                "checkpoint.resume",
                                                "checkpoint.walltime_s",
                                                "study.seeds",
                                                "study.sizes",
                                                "study.only",
                                                "study.output",
                                                "study.variants",
                                                "method.bfgs.concurrent_solves",
                                                "method.bfgs.window",
                                                "method.refined.concurrent_solves",
                                                "method.refined.window",
                                                "method.multi_start.concurrent_solves",
                                                "method.multi_start.window"}));
}

// Results of earlier versions, with the keys window and study.variants, still match this deck.
TEST(KeysWithoutEffect, IncludeOldNames) {
  const Deck deck = read();
  std::string before = deck.resolved;
  const auto rename = [&](const std::string& name, const std::string& old_name) {
    for (std::size_t at = 0; (at = before.find(name, at)) != std::string::npos;)
      before.replace(at, name.size(), old_name);
  };
  rename("concurrent_solves = 128", "window = 64");
  rename("only = []", "variants = []");
  EXPECT_TRUE(differing_keys(deck.resolved, before, keys_without_effect(deck)).empty());
  rename("seed = 0", "seed = 1");
  EXPECT_EQ(differing_keys(deck.resolved, before, keys_without_effect(deck)).size(), 1U);
}

// The rounding of sums of doubles on a device depends on the order in which the transport adds.
TEST(KeysWithoutEffect, TransportMattersForFastSumsOnADevice) {
  const auto has_effect = [](const std::vector<std::string>& overrides) {
    return !keys_without_effect(read(overrides)).contains("parallel.transport");
  };
  EXPECT_FALSE(has_effect({"parallel.device=cuda"}));
  EXPECT_FALSE(has_effect({"parallel.reduction=fast"}));
  EXPECT_TRUE(has_effect({"parallel.reduction=fast", "parallel.device=cuda"}));
}

TEST(StartMethod, IsTheMethodThatGivesTheStarts) {
  const Deck deck = read({"method.levenberg_marquardt.from=refined"});
  EXPECT_EQ(start_method(deck.methods[0]), "");
  EXPECT_EQ(start_method(deck.methods[1]), "bfgs");
  // multi_start refers to another method for its budget, but does not start from it.
  EXPECT_EQ(start_method(deck.methods[2]), "");
  EXPECT_EQ(start_method(deck.methods[3]), "refined");
  EXPECT_EQ(start_method(read().methods[3]), "");
}

TEST(Manual, ShowsTheAttributes) {
  const std::string manual = describe_keys(program_catalogue());
  const auto line_of = [&](const std::string& key) {
    const std::size_t start = manual.find("  " + key + " ");
    return manual.substr(start, manual.find('\n', start) - start);
  };
  EXPECT_NE(line_of("concurrent_solves").find("; changes no result"), std::string::npos);
  EXPECT_NE(line_of("budget_of").find("; name of an earlier method"), std::string::npos);
  EXPECT_NE(line_of("from").find("; name of an earlier method, whose cost is added"),
            std::string::npos);
  EXPECT_EQ(line_of("noise").find("changes no result"), std::string::npos);
}

}  // namespace
}  // namespace jpo
