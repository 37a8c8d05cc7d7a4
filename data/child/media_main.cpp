// ume-media: decodes one video or renders one page of a document, and ends.
// Standard input is the file, standard output the answer (media/media_reply.h).
// Started by data/media/media_child.h, which also ends it at its deadline. The
// libraries behind it see hostile files: everything happens inside a sandbox.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "data/child/document_page.h"
#include "data/child/reply_writer.h"
#include "data/child/sandbox.h"
#include "data/child/video_frames.h"

namespace ume {
namespace {

struct Request {
  SandboxLimits limits;
  int64_t max_pixels = 64'000'000;
  VideoSampling sampling;
  PageRequest page;
};

void answer(const Request& request, bool is_video) {
  try {
    if (is_video) {
      send_video_frames(STDIN_FILENO, request.sampling, request.max_pixels);
    } else {
      PageRequest page = request.page;
      page.max_pixels = request.max_pixels;
      send_document_page(STDIN_FILENO, page);
    }
    write_end_reply();
  } catch (const std::bad_alloc&) {
    write_error_reply("needs more memory than " +
                      std::to_string(request.limits.memory_bytes) + " bytes");
  } catch (const std::exception& error) {
    write_error_reply(error.what());
  }
}

int run(int argc, char** argv) {
  CLI::App app(
      "Decodes a video or a page of a document from standard input to raw "
      "RGB on standard output, inside a sandbox. The other programs start it.",
      "ume-media");
  app.footer("Example: ume-media video --fps 2 < clip.mp4 > frames");
  app.require_subcommand(1);
  Request request;
  app.add_option("--memory-bytes", request.limits.memory_bytes,
                 "most address space");
  app.add_option("--cpu-seconds", request.limits.cpu_seconds,
                 "most processor time");
  app.add_option("--max-pixels", request.max_pixels,
                 "largest frame or page, height * width");
  CLI::App* video = app.add_subcommand("video", "chosen frames of a video");
  video->add_option("--fps", request.sampling.fps, "frames a second");
  video->add_option("--frames", request.sampling.num_frames,
                    "this many, evenly spaced, instead of --fps");
  video->add_option("--min-frames", request.sampling.min_frames, "with --fps");
  video->add_option("--max-frames", request.sampling.max_frames, "with --fps");
  CLI::App* page = app.add_subcommand("page", "one page of a PDF document");
  page->add_option("--page", request.page.page, "from 1; 0: the only page");
  page->add_option("--dpi", request.page.dpi, "pixels an inch");
  CLI11_PARSE(app, argc, argv);

  const bool is_video = video->parsed();
  enter_sandbox(request.limits,
                is_video ? FileAccess::kNone : FileAccess::kReadOnly);
  answer(request, is_video);
  return 0;
}

}  // namespace
}  // namespace ume

int main(int argc, char** argv) {
  try {
    return ume::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ume-media: %s\n", error.what());
    return 1;
  }
}
