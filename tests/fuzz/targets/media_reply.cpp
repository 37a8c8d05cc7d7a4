#include <fcntl.h>

#include <filesystem>

#include "data/media/media_child.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch_file.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {
namespace {

constexpr int64_t kMaxPixels = 4096;

// A decoder whose answer is its input. Not in scratch_folder(), where programs
// may not be allowed to run.
std::filesystem::path echo_program() {
  static const ScratchFolder folder;
  static const std::filesystem::path path = [] {
    auto program = folder.write("program", "#!/bin/sh\nexec cat\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return program;
  }();
  return path;
}

void check_frame(const RgbImage& frame) {
  UME_CHECK(frame.height > 0 && frame.width > 0 &&
                frame.height * frame.width <= kMaxPixels &&
                frame.pixels.size() ==
                    static_cast<size_t>(3 * frame.height * frame.width),
            "a frame without its pixels");
}

}  // namespace

// What an ume-media that a file has taken over may answer; the first byte says
// whether a video or a page was asked for.
void media_reply(Bytes input) {
  if (input.empty()) return;
  const std::string path = put_file("answer", as_text(input.subspan(1)));
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const MediaChild child({}, kMaxPixels, echo_program());
  accepts([&] {
    if (input[0] % 2 == 1) {
      check_frame(child.render_page(file, "input", 1));
      return;
    }
    VideoFrames video = child.open_video(file, "input", 2.0);
    int64_t num_frames = 0;
    while (const auto frame = video.next()) {
      check_frame(*frame);
      ++num_frames;
    }
    UME_CHECK(num_frames == video.info().num_frames, "a frame is missing");
  });
}

}  // namespace ume::fuzz
