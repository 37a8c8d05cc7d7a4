#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/error/error.h"
#include "common/hash/xxh3.h"
#include "data/prepare/preparer.h"

// What a preparer does with files that are moved, changed or not its own.
namespace ume {
namespace {

using Catch::Matchers::Contains;
namespace fs = std::filesystem;

const fs::path kModel = "tests/fixtures/parity/model_a_qwen2vl_tied";

PromptPreparer make_preparer(const PrepareConfig& config) {
  PreparerOptions options;
  options.model_folder = kModel;
  options.record_folder = kModel;
  options.prepare = config;
  return PromptPreparer(options);
}

// A folder with one picture that a test may change.
class PictureFolder {
 public:
  PictureFolder()
      : path_(fs::temp_directory_path() /
              ("ume_preparer_" + std::to_string(std::rand()))) {
    fs::create_directories(path_);
    put("img_00.png");
  }
  ~PictureFolder() { fs::remove_all(path_); }

  void put(const std::string& source) const {
    fs::copy_file(kModel / "media" / source, path_ / "p.png",
                  fs::copy_options::overwrite_existing);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

PromptRecord record_with(const MediaRef& image) {
  return {"t", {image}, {}, 2.0};
}

TEST_CASE("media are found under their roots and nowhere else") {
  const PictureFolder folder;
  PrepareConfig config;
  config.media_roots["set"] = folder.path().string();
  const PromptPreparer preparer = make_preparer(config);
  CHECK_NOTHROW(preparer.prepare(record_with({"set", "p.png", ""})));
  CHECK_NOTHROW(preparer.prepare(
      record_with({"", (folder.path() / "p.png").string(), ""})));
  const auto refuses = [&](const MediaRef& image, const char* text) {
    CHECK_THROWS_WITH(preparer.prepare(record_with(image)), Contains(text));
    CHECK_THROWS_AS(preparer.prepare(record_with(image)), InvalidInput);
  };
  refuses({"other", "p.png", ""}, "'other' is not configured");
  refuses({"set", "../p.png", ""}, "'..'");
  refuses({"set", (folder.path() / "p.png").string(), ""}, "absolute");
  refuses({"set", "", ""}, "empty");
  refuses({"set", "q.png", ""}, "q.png': No such file");
  std::ofstream(folder.path() / "p.png") << "no picture";
  refuses({"set", "p.png", ""}, "p.png: the file is of an unknown format");
}

TEST_CASE("content other than the reference's hash is refused") {
  const PictureFolder folder;
  PrepareConfig config;
  config.media_roots["set"] = folder.path().string();
  const PromptPreparer preparer = make_preparer(config);
  const std::string hash = xxh3_hex_of_file((folder.path() / "p.png").string());
  CHECK_NOTHROW(preparer.prepare(record_with({"set", "p.png", hash})));
  CHECK_THROWS_WITH(
      preparer.prepare(record_with({"set", "p.png", std::string(32, '0')})),
      Contains("content hash is " + hash));
}

TEST_CASE("a replaced picture is read again in spite of the cache") {
  const PictureFolder folder;
  PrepareConfig config;
  config.media_roots["set"] = folder.path().string();
  const PromptPreparer preparer = make_preparer(config);
  const MediaRef image{"set", "p.png", ""};
  const std::string before = preparer.prepare(record_with(image)).digest;
  folder.put("img_01.png");
  CHECK(preparer.prepare(record_with(image)).digest != before);
  folder.put("img_00.png");
  CHECK(preparer.prepare(record_with(image)).digest == before);
}

}  // namespace
}  // namespace ume
