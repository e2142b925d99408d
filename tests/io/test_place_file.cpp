#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "io/place_file.hpp"

namespace jpo {
namespace {

namespace fs = std::filesystem;

// A folder of this rank with the complete file "part".
class PlaceFile : public testing::Test {
 protected:
  PlaceFile()
      : folder_(fs::temp_directory_path() / ("jpo_place_file_" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "scratch");
    write("part", "new");
  }
  ~PlaceFile() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  std::string read(const std::string& name) const {
    std::string text;
    std::ifstream(path(name)) >> text;
    return text;
  }

  fs::path folder_;
  std::string warning_;
};

TEST_F(PlaceFile, ReplacesAFileOnlyOnRequest) {
  place_file(path("part"), path("a"), false, warning_);
  EXPECT_EQ(read("a"), "new");
  EXPECT_FALSE(fs::exists(path("part")));
  EXPECT_EQ(warning_, "");

  write("part", "newer");
  EXPECT_THROW(place_file(path("part"), path("a"), false, warning_), CannotWrite);
  EXPECT_EQ(read("a"), "new");
  EXPECT_EQ(read("part"), "newer");
  place_file(path("part"), path("a"), true, warning_);
  EXPECT_EQ(read("a"), "newer");
}

TEST_F(PlaceFile, FollowsLinksAlsoToAFileThatDoesNotExist) {
  fs::create_symlink("scratch/real", path("one"));
  fs::create_symlink(path("one"), path("two"));
  EXPECT_EQ(follow_links(path("two")), path("scratch/real"));
  EXPECT_EQ(follow_links(path("part")), path("part"));
  EXPECT_EQ(follow_links(path("absent")), path("absent"));
  fs::create_symlink("loop", path("loop"));
  EXPECT_EQ(follow_links(path("loop")), path("loop"));
}

TEST_F(PlaceFile, KeepsTheCompleteFileIfTheFolderIsAbsent) {
  EXPECT_THROW(place_file(path("part"), path("absent/a"), false, warning_), CannotWrite);
  EXPECT_THROW(place_file(path("part"), path("absent/a"), true, warning_), CannotWrite);
  EXPECT_EQ(read("part"), "new");
}

}  // namespace
}  // namespace jpo
