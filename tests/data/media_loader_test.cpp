#include "data/prepare/media_loader.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "common/error/error.h"
#include "common/hash/xxh3.h"
#include "data/media/patches.h"
#include "data/prepare/preparer.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;
namespace fs = std::filesystem;

const fs::path kVideos = "tests/fixtures/video";
const fs::path kModel = "tests/fixtures/parity/model_a_qwen2vl_tied";

MediaLoader make_loader(const PrepareConfig& config = {}) {
  return MediaLoader({}, config, MediaRoots({{".", kVideos.string()}}));
}

MediaRef file(const std::string& name) {
  return {".", name, ""};
}

std::shared_ptr<const PreparedMedia> load_video(MediaLoader& loader,
                                                const MediaRef& ref,
                                                double fps = 2.0) {
  return loader.load(MediaKind::kVideo, {&ref, 1}, fps);
}

std::shared_ptr<const PreparedMedia> load_image(MediaLoader& loader,
                                                const MediaRef& ref) {
  return loader.load(MediaKind::kImage, {&ref, 1});
}

std::vector<RgbImage> frames_of(const std::string& name, double fps) {
  const MediaFile opened = open_media_file(kVideos / name);
  VideoFrames video =
      MediaChild({}, 64'000'000).open_video(opened.file, name, fps);
  std::vector<RgbImage> frames;
  while (auto frame = video.next()) frames.push_back(std::move(*frame));
  return frames;
}

TEST_CASE("a video file becomes the patches of its sampled frames") {
  MediaLoader loader = make_loader();
  const auto media = load_video(loader, file("b_frames.mp4"));
  const PreprocessorConfig config;
  const MediaPatches expected =
      make_patches(frames_of("b_frames.mp4", 2.0), config, config.limits);
  CHECK(media->patches.grid == expected.grid);
  CHECK(media->patches.values == expected.values);
  CHECK(media->patches.grid[0] == 6);  // 12 frames
  CHECK(media->sampled_fps == 2.0);
  CHECK(media->content_hashes == std::vector<std::string>{xxh3_hex_of_file(
                                     (kVideos / "b_frames.mp4").string())});
}

TEST_CASE("a video of one frame fills its temporal patch, of three gives two") {
  MediaLoader loader = make_loader();
  CHECK(load_video(loader, file("one_frame.mp4"))->patches.grid[0] == 1);
  CHECK(load_video(loader, file("three_frames.mp4"))->patches.grid[0] == 1);
}

TEST_CASE("frames of other sizes take the first one's") {
  MediaLoader loader = make_loader();
  const auto media = load_video(loader, file("two_sizes.ts"), 1000.0);
  const PreprocessorConfig config;
  CHECK(media->patches.values ==
        make_patches(frames_of("two_sizes.ts", 1000.0), config, config.limits)
            .values);
}

TEST_CASE("the cache tells sampling rates and pages apart") {
  MediaLoader loader = make_loader();
  const auto two = load_video(loader, file("b_frames.mp4"), 2.0);
  CHECK(load_video(loader, file("b_frames.mp4"), 2.0) == two);
  CHECK(load_video(loader, file("b_frames.mp4"), 4.0)->patches.grid[0] == 12);
  const auto first = load_image(loader, file("three_pages.pdf#page=1"));
  CHECK(load_image(loader, file("three_pages.pdf#page=1")) == first);
  CHECK(load_image(loader, file("three_pages.pdf#page=2"))->hash !=
        first->hash);
}

TEST_CASE("content hashes of videos and documents are checked") {
  MediaLoader loader = make_loader();
  for (const char* name : {"vp9.webm", "one_page.pdf"}) {
    MediaRef ref = file(name);
    const MediaKind kind =
        ref.path == "vp9.webm" ? MediaKind::kVideo : MediaKind::kImage;
    ref.content_hash = xxh3_hex_of_file((kVideos / name).string());
    CHECK_NOTHROW(loader.load(kind, {&ref, 1}, 2.0));
    ref.content_hash[0] = ref.content_hash[0] == '0' ? '1' : '0';
    CHECK_THROWS_WITH(loader.load(kind, {&ref, 1}, 2.0),
                      Contains(name) && Contains("content hash is"));
  }
}

TEST_CASE("a page of a document is a picture") {
  MediaLoader loader = make_loader();
  // 72 points at 144 dots an inch: 144 pixels, 140 in multiples of 28.
  CHECK(load_image(loader, file("one_page.pdf"))->patches.grid ==
        std::array<int64_t, 3>{1, 10, 10});
  CHECK_THROWS_WITH(load_image(loader, file("three_pages.pdf")),
                    Contains("three_pages.pdf: ") && Contains("3 pages"));
}

TEST_CASE("a video in a picture's place and files over a limit are refused") {
  MediaLoader loader = make_loader();
  CHECK_THROWS_WITH(load_image(loader, file("b_frames.mp4")),
                    Contains("is a video; pictures are read from"));
  PrepareConfig config;
  config.media_child.max_video_bytes = 100;
  config.media_child.max_document_bytes = 100;
  MediaLoader strict = make_loader(config);
  CHECK_THROWS_WITH(load_video(strict, file("vp9.webm")),
                    Contains("vp9.webm: larger than the limit of 100"));
  CHECK_THROWS_WITH(load_image(strict, file("one_page.pdf")),
                    Contains("one_page.pdf: larger than the limit of 100"));
  config = {};
  config.max_media_tokens = 23;
  MediaLoader small = make_loader(config);
  CHECK_THROWS_WITH(load_video(small, file("b_frames.mp4")),
                    Contains("times 6 steps; max_media_tokens is 23"));
}

TEST_CASE("a prompt's video file carries the rate that was sampled") {
  PreparerOptions options;
  options.model_folder = kModel;
  options.record_folder = kVideos;
  const PromptPreparer preparer(options);
  PromptRecord record;
  record.text = "what?";
  record.frames = {file("slow.mp4")};  // 6 frames in 60 seconds
  const PreparedPrompt prompt = preparer.prepare(record);
  REQUIRE(prompt.media.size() == 1);
  CHECK(prompt.media[0].grid[0] == 3);
  CHECK(prompt.media[0].seconds_per_grid == Approx(2 / 0.1));
}

}  // namespace
}  // namespace ume
