#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "data/problem_set.hpp"
#include "deck/layers/deck_files.hpp"
#include "driver/catalogue.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

const std::string kBase = R"([run]
name = "base"
seed = 3
[data]
noise = 0.5
[model]
name = "kuramoto_sivashinsky"
horizon = 5.0
[[method]]
kind = "tao"
max_evaluations = 7
[[method]]
name = "again"
kind = "refine"
from = "tao"
[petsc]
tao_tao_ls_type = "armijo"
[study]
seeds = [1, 2]
[study.variants.b]
data.noise = 0.25
model.horizon = 6.0
[study.variants.a]
)";

Deck read(const DeckFiles& files, const std::vector<std::string>& overrides = {}) {
  return read_deck(files, {.overrides = overrides}, program_catalogue());
}

Deck read_on_base(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return read({{"deck.toml", "base = \"base.toml\"\n" + text}, {"base.toml", kBase}}, overrides);
}

std::string refusal(const DeckFiles& files) {
  try {
    read(files);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "not refused";
}

std::string refusal_on_base(const std::string& text) {
  return refusal({{"deck.toml", "base = \"base.toml\"\n" + text}, {"base.toml", kBase}});
}

std::vector<std::string> methods_of(const Deck& deck) {
  std::vector<std::string> names;
  for (const MethodDeck& method : deck.methods) names.push_back(method.name);
  return names;
}

TEST(Base, GivesAllKeysThatADeckOmits) {
  const std::string whole = read_deck(kBase, "deck.toml", {}, program_catalogue()).resolved;
  EXPECT_EQ(read_on_base("").resolved, whole);
}

TEST(Base, IsChangedKeyByKey) {
  const Deck deck = read_on_base("[run]\nname = \"own\"\n[model]\nhorizon = 4\n[petsc]\nx = 1\n",
                                 {"data.n_problem=8"});
  EXPECT_EQ(deck.section<RunSettings>("run").name, "own");
  EXPECT_EQ(deck.section<RunSettings>("run").seed, 3);
  EXPECT_EQ(deck.section<DataSettings>("data").noise, 0.5);
  EXPECT_EQ(deck.section<DataSettings>("data").n_problem, 8);
  EXPECT_NE(deck.resolved.find("horizon = 4.0\n"), std::string::npos);
  EXPECT_EQ(deck.petsc.size(), 2U);
  // The resolved deck needs no base.
  EXPECT_EQ(read_deck(deck.resolved, "resolved", {}, program_catalogue()).resolved, deck.resolved);
}

TEST(Base, MethodsAreChangedByNameOrAppended) {
  const Deck deck = read_on_base(R"([[method]]
kind = "joint"
[[method]]
name = "tao"
type = "blmvm"
)");
  EXPECT_EQ(methods_of(deck), (std::vector<std::string>{"tao", "again", "joint"}));
  EXPECT_NE(deck.resolved.find("type = \"blmvm\""), std::string::npos);
  EXPECT_NE(deck.resolved.find("max_evaluations = 7\n"), std::string::npos);
}

TEST(Base, MethodsAreSelectedAndOrdered) {
  EXPECT_EQ(methods_of(read_on_base("methods = [\"joint\", \"tao\"]\n[[method]]\nkind = "
                                    "\"joint\"\n")),
            (std::vector<std::string>{"joint", "tao"}));
  const Deck chosen = read_deck(kBase, "deck.toml", {"methods=[\"tao\"]"}, program_catalogue());
  EXPECT_EQ(methods_of(chosen), (std::vector<std::string>{"tao"}));
  const std::string message = refusal_on_base("methods = [\"again\"]\n");
  EXPECT_EQ(message.substr(0, message.find(';')),
            "base.toml:15:8: key 'method.again.from': \"tao\" is not an earlier method");
}

TEST(Base, VariantsAreChangedByNameOrAppended) {
  const Deck deck = read_on_base("[study.variants.c]\n[study.variants.b]\ndata.noise = 0.125\n");
  ASSERT_EQ(deck.variants.size(), 3U);
  EXPECT_EQ(deck.variants[0].name, "b");
  EXPECT_EQ(deck.variants[0].changes, "data.noise = 0.125\nmodel.horizon = 6.0\n");
  EXPECT_EQ(deck.variants[1].name, "a");
  EXPECT_EQ(deck.variants[2].name, "c");
}

TEST(Base, MayHaveABase) {
  const DeckFiles files = {{"a.toml", "base = \"b.toml\"\n[run]\nname = \"a\"\n"},
                           {"b.toml",
                            "base = \"c.toml\"\nmethods = [\"tao\"]\n[run]\nname = "
                            "\"b\"\nseed = 9\n"},
                           {"c.toml", kBase}};
  const Deck deck = read(files);
  EXPECT_EQ(deck.section<RunSettings>("run").name, "a");
  EXPECT_EQ(deck.section<RunSettings>("run").seed, 9);
  EXPECT_EQ(methods_of(deck), (std::vector<std::string>{"tao"}));
}

TEST(Base, ErrorsNameTheFileOfTheKey) {
  const auto first = [](const std::string& message) {
    return message.substr(0, message.find(';'));
  };
  const auto with_base = [](const std::string& base) {
    return refusal(
        {{"deck.toml", "base = \"x/base.toml\"\n[data]\nnoise = 1.0\n"}, {"x/base.toml", base}});
  };
  EXPECT_EQ(first(with_base(kBase + "[misfit]\nresidual_scal = 1.0\n")),
            "x/base.toml:25:1: key 'misfit.residual_scal': unknown key");
  EXPECT_EQ(first(with_base("[data]\nnois = 1.0\n" + kBase.substr(kBase.find("[model]")))),
            "x/base.toml:2:1: key 'data.nois': unknown key");
  EXPECT_NE(with_base("[data\n").find("x/base.toml:1:6: not valid TOML"), std::string::npos);
  EXPECT_EQ(first(refusal_on_base("[data]\nnoise = \"a\"\n")),
            "deck.toml:3:9: key 'data.noise': 'a' is not of the right type");
  EXPECT_EQ(
      first(refusal_on_base("[[method]]\nname = \"agian\"\nstarts = 2\n")),
      "deck.toml:2:1: key 'method.name': \"agian\" is not a method of the base and has no kind");
  EXPECT_EQ(first(refusal_on_base("[[method]]\nname = \"tao\"\n[[method]]\nname = \"tao\"\nkind = "
                                  "\"tao\"\n")),
            "deck.toml:5:8: key 'method.name': \"tao\" is the name of two methods");
  EXPECT_EQ(first(refusal_on_base("[method.tao]\ntype = \"blmvm\"\n")),
            "deck.toml:2:1: key 'method': is not a list of methods");
  EXPECT_EQ(first(refusal_on_base("model = 3\n")), "deck.toml:2:9: key 'model': is not a section");
}

// Tests with deck files on disk.
class BaseFiles : public testing::Test {
 protected:
  BaseFiles() {
    folder_ = fs::temp_directory_path() / fs::path("jpo_base_" + std::to_string(::getpid()));
    fs::create_directories(folder_ / "below");
  }
  ~BaseFiles() override { fs::remove_all(folder_); }
  BaseFiles(const BaseFiles&) = delete;
  BaseFiles& operator=(const BaseFiles&) = delete;
  BaseFiles(BaseFiles&&) = delete;
  BaseFiles& operator=(BaseFiles&&) = delete;

  void put(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  std::string refusal(const std::string& name) const {
    try {
      read_deck_files(folder_ / name);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "not refused";
  }

  fs::path folder_;
};

TEST_F(BaseFiles, AreRelativeToTheReferringDeck) {
  put("base.toml", kBase);
  put("below/middle.toml", "base = \"../base.toml\"\n");
  put("deck.toml", "base = \"below/middle.toml\"\n");
  const DeckFiles files = read_deck_files(folder_ / "deck.toml");
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[2].path, (folder_ / "below/../base.toml").string());
  EXPECT_EQ(files[2].text, kBase);
}

TEST_F(BaseFiles, MustExistAndBeDecks) {
  const std::string at = (folder_ / "deck.toml").string() + ":2:8: key 'base': ";
  put("deck.toml", "# a comment\nbase = \"nowhere.toml\"\n");
  EXPECT_EQ(refusal("deck.toml")
                .find(at + "cannot read " + (folder_ / "nowhere.toml").string() +
                      ": No such file or directory; allowed: path of a deck"),
            0U)
      << refusal("deck.toml");
  put("deck.toml", "\nbase = \"below\"\n");
  EXPECT_NE(refusal("deck.toml").find("below: it is a folder"), std::string::npos);
  unsetenv("JPO_TEST_UNSET");
  put("deck.toml", "\nbase = \"$JPO_TEST_UNSET/a.toml\"\n");
  EXPECT_NE(refusal("deck.toml")
                .find(at + "\"$JPO_TEST_UNSET/a.toml\": the environment variable "
                           "JPO_TEST_UNSET is not set"),
            std::string::npos);
  put("deck.toml", "\nbase = 3\n");
  EXPECT_EQ(refusal("deck.toml").find(at + "3 is not a string"), 0U);
  put("bad.toml", "[data\n");
  put("deck.toml", "base = \"bad.toml\"\n");
  EXPECT_NE(refusal("deck.toml").find("bad.toml:1:6: not valid TOML"), std::string::npos);
}

TEST_F(BaseFiles, MustNotFormACycle) {
  put("a.toml", "base = \"below/b.toml\"\n");
  put("below/b.toml", "\nbase = \"../a.toml\"\n");
  EXPECT_EQ(refusal("a.toml").find((folder_ / "below/b.toml").string() + ":2:8: key 'base': " +
                                   (folder_ / "a.toml").string() + " is a variant of itself"),
            0U)
      << refusal("a.toml");
  put("self.toml", "base = \"below/../self.toml\"\n");
  EXPECT_NE(refusal("self.toml").find("is a variant of itself"), std::string::npos);
}

}  // namespace
}  // namespace jpo
