#include "data/media/media_child.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "data/media/media_file.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

const fs::path kFolder = "tests/fixtures/video";
constexpr int64_t kMaxPixels = 1'000'000;
constexpr double kAllFrames = 1000.0;

struct Decoded {
  VideoReply info;
  double sampled_fps = 0;
  std::vector<RgbImage> frames;
};

Decoded decode(const MediaChild& child, const fs::path& path, double fps) {
  const MediaFile file = open_media_file(path);
  VideoFrames video = child.open_video(file.file, path.string(), fps);
  Decoded out{video.info(), video.sampled_fps(), {}};
  while (auto frame = video.next()) out.frames.push_back(std::move(*frame));
  return out;
}

// What decoding says: "" if it succeeds.
std::string refusal(const MediaChild& child,
                    const fs::path& path,
                    double fps = kAllFrames) {
  try {
    decode(child, path, fps);
    return "";
  } catch (const InvalidInput& error) {
    CHECK_THAT(error.what(), Contains(path.filename().string() + ": "));
    return error.what();
  }
}

RgbImage render(const MediaChild& child, const char* name, int64_t page) {
  const MediaFile file = open_media_file(kFolder / name);
  return child.render_page(file.file, name, page);
}

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

json clips() {
  return json::parse(std::ifstream(kFolder / "expected.json"))["clips"];
}

// A program that runs in ume-media's place.
fs::path script(const ScratchFolder& folder, const std::string& body) {
  const fs::path path = folder.write("program", "#!/bin/sh\n" + body + "\n");
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

void put_u32(std::string& bytes, size_t at, uint32_t value) {
  for (int i = 0; i < 4; ++i) {
    bytes.at(at + i) = static_cast<char>(value >> 8 * (3 - i));
  }
}

// Reference: PyAV, whose conversion to RGB is swscale's default as well.
TEST_CASE("video files decode to the reference's frames and pixels") {
  const MediaChild child({}, kMaxPixels);
  for (const json& clip : clips()) {
    const std::string name = clip["file"];
    CAPTURE(name);
    const Decoded decoded = decode(child, kFolder / name, 2.0);
    CHECK(decoded.info.total_frames == clip["total_frames"]);
    CHECK(decoded.info.fps == Approx(clip["fps"].get<double>()));
    const size_t number = clip["chosen"][0]["frames"].size();
    REQUIRE(decoded.frames.size() == number);
    CHECK(decoded.sampled_fps ==
          Approx(decoded.info.fps * static_cast<double>(number) /
                 clip["total_frames"].get<double>()));
    const RgbImage strip = decode_image(
        read_media_file(open_media_file(kFolder / (name + ".png")), 1 << 20),
        name);
    std::vector<uint8_t> all;
    for (const RgbImage& frame : decoded.frames) {
      all.insert(all.end(), frame.pixels.begin(), frame.pixels.end());
    }
    REQUIRE(all.size() == strip.pixels.size());
    int largest = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      largest = std::max(largest, std::abs(all[i] - strip.pixels[i]));
    }
    CHECK(largest <= 2);
  }
}

TEST_CASE("going from key frame to key frame gives the same frames") {
  const MediaChild child({}, kMaxPixels);
  for (const json& clip : clips()) {
    const fs::path path = kFolder / clip["file"].get<std::string>();
    CAPTURE(path.string());
    const Decoded whole = decode(child, path, kAllFrames);
    for (const json& choice : clip["chosen"]) {
      const Decoded some = decode(child, path, choice["fps"]);
      REQUIRE(some.frames.size() == choice["frames"].size());
      for (size_t i = 0; i < some.frames.size(); ++i) {
        const size_t number = choice["frames"][i];
        // A clip of an odd length loses a frame when all are asked for.
        if (whole.frames.size() < clip["total_frames"]) continue;
        CHECK(some.frames[i].pixels == whole.frames.at(number).pixels);
      }
    }
  }
}

TEST_CASE("frames of a video keep the size that each of them has") {
  const Decoded decoded =
      decode(MediaChild({}, kMaxPixels), kFolder / "two_sizes.ts", kAllFrames);
  CHECK(decoded.frames.front().width == 64);
  CHECK(decoded.frames.front().height == 48);
  CHECK(decoded.frames.back().width == 96);
  CHECK(decoded.frames.back().height == 32);
}

TEST_CASE("frames of a video can be chosen by number") {
  MediaChildConfig config;
  config.video_frames = 8;
  const Decoded decoded =
      decode(MediaChild(config, kMaxPixels), kFolder / "b_frames.mp4", 2.0);
  CHECK(decoded.frames.size() == 8);
}

TEST_CASE("what is no video that is read is refused") {
  const MediaChild child({}, kMaxPixels);
  const ScratchFolder folder;
  CHECK_THAT(refusal(child, kFolder / "sound.m4a"),
             Contains("no video stream"));
  CHECK_THAT(refusal(child, kFolder / "one_page.pdf"),
             Contains("not a video in a container that is read"));
  CHECK_THAT(refusal(child, folder.write("e.mp4", "")),
             Contains("not a video"));
  // Playlists would open other files.
  CHECK_THAT(refusal(child, folder.write("p.m3u8",
                                         "#EXTM3U\n#EXTINF:1,\n/etc/passwd")),
             Contains("not a video"));
  CHECK_THAT(
      refusal(child, folder.write("c.txt", "ffconcat version 1.0\nfile a.mp4")),
      Contains("not a video"));
}

TEST_CASE("a video that is cut off or damaged is refused, not filled up") {
  const MediaChild child({}, kMaxPixels);
  const ScratchFolder folder;
  for (const char* name : {"b_frames.mp4", "open_gop.mkv", "mpeg4.avi",
                           "vp9.webm", "hidden_frames.webm"}) {
    CAPTURE(name);
    const std::string whole = content(kFolder / name);
    CHECK(refusal(child, folder.write(std::string("half_") + name,
                                      whole.substr(0, whole.size() / 2))) !=
          "");
  }
  std::string damaged = content(kFolder / "b_frames.mp4");
  const size_t data = damaged.find("mdat");
  REQUIRE(data != std::string::npos);
  for (size_t i = 0; i < 600; ++i) damaged[data + 2000 + i] ^= 0x5a;
  CHECK_THAT(refusal(child, folder.write("damaged.mp4", damaged)),
             Contains("damaged"));
}

TEST_CASE("headers that lie about frames or sizes are refused") {
  const MediaChild child({}, kMaxPixels);
  const ScratchFolder folder;
  const std::string whole = content(kFolder / "b_frames.mp4");
  // stsz: version, size of all samples, number of samples.
  std::string many = whole;
  const size_t sizes = many.find("stsz");
  REQUIRE(sizes != std::string::npos);
  put_u32(many, sizes + 8, 100);
  put_u32(many, sizes + 12, 1'000'000);
  CHECK(refusal(child, folder.write("many.mp4", many)) != "");
  // The stream's own header counts, not the container's.
  std::string wide = whole;
  const size_t entry = wide.find("avc1", wide.find("stsd"));
  REQUIRE(entry != std::string::npos);
  put_u32(wide, entry + 28, 0xfffffff0);
  CHECK(refusal(child, folder.write("wide.mp4", wide)) == "");
  CHECK_THAT(refusal(MediaChild({}, 64 * 48 - 1), kFolder / "b_frames.mp4"),
             Contains("64x48 are over the limit of 3071 pixels"));
}

TEST_CASE("damaged videos decode or are refused, and nothing else happens") {
  const MediaChild child({}, kMaxPixels);
  const ScratchFolder folder;
  uint32_t state = 1;
  const auto next = [&state] {
    state = state * 1664525 + 1013904223;
    return state >> 8;
  };
  for (const char* name : {"b_frames.mp4", "open_gop.mkv", "mpeg4.avi"}) {
    const std::string whole = content(kFolder / name);
    for (int round = 0; round < 8; ++round) {
      std::string bytes = whole;
      for (int i = 0; i < 20; ++i) {
        bytes[next() % bytes.size()] = static_cast<char>(next());
      }
      refusal(child, folder.write("d", bytes));
    }
  }
}

TEST_CASE("pages of a document are rendered at the resolution asked for") {
  MediaChildConfig config;
  config.document_dpi = 72;
  const MediaChild child(config, kMaxPixels);
  const RgbImage page = render(child, "one_page.pdf", 0);
  REQUIRE(page.width == 72);
  REQUIRE(page.height == 72);
  // By hand: the upper left quarter is red, the rest is paper.
  const auto pixel = [](const RgbImage& image, int64_t y, int64_t x) {
    const uint8_t* p = image.pixels.data() + (y * image.width + x) * 3;
    return std::vector<int>{p[0], p[1], p[2]};
  };
  CHECK(pixel(page, 10, 10) == std::vector<int>{255, 0, 0});
  CHECK(pixel(page, 10, 60) == std::vector<int>{255, 255, 255});
  CHECK(pixel(page, 60, 60) == std::vector<int>{255, 255, 255});

  config.document_dpi = 144;
  const RgbImage wide =
      render(MediaChild(config, kMaxPixels), "three_pages.pdf", 3);
  CHECK(wide.width == 288);
  CHECK(wide.height == 72);
  CHECK(pixel(wide, 36, 108) == std::vector<int>{0, 0, 255});
}

TEST_CASE("a page that is not there, not said or too large is refused") {
  const MediaChild child({}, kMaxPixels);
  CHECK_THROWS_WITH(render(child, "three_pages.pdf", 4),
                    Contains("there is no page 4; the document has 3"));
  CHECK_THROWS_WITH(render(child, "three_pages.pdf", 0),
                    Contains("has 3 pages; say which one"));
  CHECK_THROWS_WITH(render(child, "huge_page.pdf", 1),
                    Contains("28800") && Contains("1000000 pixels"));
  CHECK_THROWS_WITH(render(child, "sound.m4a", 1), Contains("not a PDF"));
}

TEST_CASE("a decoder that crashes, hangs or babbles costs only its file") {
  const ScratchFolder folder;
  MediaChildConfig config;
  const auto answer = [&](const std::string& body, double timeout_s = 60.0) {
    config.timeout_s = timeout_s;
    return refusal(MediaChild(config, kMaxPixels, script(folder, body)),
                   kFolder / "vp9.webm");
  };
  CHECK_THAT(answer("kill -SEGV $$"), Contains("crashed (Segmentation fault"));
  CHECK_THAT(answer("kill -KILL $$"), Contains("crashed (Killed)"));
  CHECK_THAT(answer("kill -XCPU $$"), Contains("processor time"));
  CHECK_THAT(answer("echo no more memory >&2; exit 3"),
             Contains("exit code 3: no more memory"));
  CHECK_THAT(answer("exit 0"), Contains("exit code 0"));
  CHECK_THAT(answer("exec sleep 1000", 0.2),
             Contains("longer than the wait 'media child' of 0.2 s"));
  CHECK_THAT(answer("exec cat /dev/zero"), Contains("malformed"));
  CHECK_THAT(answer("exec yes >&2"), Contains("exit code 1: y"));
}

TEST_CASE("a decoder outlives the signals that stop a whole run") {
  const ScratchFolder folder;
  const MediaChild child(
      {}, kMaxPixels,
      script(folder, "kill -TERM $$; kill -INT $$; kill -USR1 $$; exit 3"));
  CHECK_THAT(refusal(child, kFolder / "vp9.webm"), Contains("exit code 3"));
}

TEST_CASE("answers that lie are refused before memory is spent on them") {
  const ScratchFolder folder;
  const auto answer = [&](const std::string& bytes) {
    const fs::path file = folder.write("answer", bytes);
    return refusal(
        MediaChild({}, kMaxPixels, script(folder, "exec cat " + file.string())),
        kFolder / "vp9.webm");
  };
  const auto message = [](ReplyKind kind, uint64_t size, const auto& value) {
    const ReplyHead head{kReplyMagic, kind, size};
    std::string bytes(sizeof head + sizeof value, '\0');
    std::memcpy(bytes.data(), &head, sizeof head);
    std::memcpy(bytes.data() + sizeof head, &value, sizeof value);
    return bytes;
  };
  const VideoReply one{1, 1, 4, 4, 25.0, 0.04};
  const std::string good = message(ReplyKind::kVideo, sizeof one, one);
  const auto frame = [&](int64_t height, int64_t width, uint64_t size) {
    return good + message(ReplyKind::kFrame, size, FrameReply{height, width});
  };
  CHECK_THAT(answer(message(ReplyKind::kVideo, sizeof one,
                            VideoReply{9999, 9999, 4, 4, 25.0, 400})),
             Contains("malformed"));
  CHECK_THAT(answer(frame(1 << 30, 1 << 30, 16)), Contains("malformed"));
  CHECK_THAT(answer(frame(-1, -1, 19)), Contains("malformed"));
  CHECK_THAT(answer(frame(4, 4, uint64_t{1} << 60)), Contains("malformed"));
  CHECK_THAT(answer(frame(4, 4, 16 + 47)), Contains("malformed"));
  CHECK_THAT(answer(frame(4, 4, 16 + 48)), Contains("exit code 0"));
}

TEST_CASE("a decoder that needs too much memory is refused by name") {
  MediaChildConfig config;
  // Its libraries alone take about this much address space.
  config.memory_bytes = int64_t{64} << 20;
  const std::string text =
      refusal(MediaChild(config, kMaxPixels), kFolder / "b_frames.mp4");
  CHECK_THAT(text, Contains("memory"));
}

TEST_CASE("a missing ume-media is named and is not the file's fault") {
  const MediaChild child({}, kMaxPixels, "/nowhere/ume-media");
  CHECK_THROWS_AS(decode(child, kFolder / "vp9.webm", 2.0), Unavailable);
  CHECK_THROWS_WITH(
      decode(child, kFolder / "vp9.webm", 2.0),
      Contains("/nowhere/ume-media: No such file") && Contains("vp9.webm"));
  const ScratchFolder folder;
  const MediaChild unloadable(
      {}, kMaxPixels,
      script(folder,
             "echo error while loading libavcodec.so.59 >&2; exit 127"));
  CHECK_THROWS_WITH(decode(unloadable, kFolder / "vp9.webm", 2.0),
                    Contains("libavcodec.so.59") && Contains("make setup"));
}

}  // namespace
}  // namespace ume
