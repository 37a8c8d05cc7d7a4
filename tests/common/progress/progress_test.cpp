#include "common/progress/progress.h"

#include <catch2/catch.hpp>
#include <memory>

#include "common/files/files.h"
#include "tests/support/scratch_folder.h"

using namespace ume;

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

TEST_CASE("progress: durations are short and never wrong") {
  CHECK(format_duration(0.4) == "0:00");
  CHECK(format_duration(123) == "2:03");
  CHECK(format_duration(3723) == "1:02:03");
  CHECK(format_duration(-1) == "-:--");
  CHECK(format_duration(std::nullopt) == "-:--");
}

TEST_CASE("progress: a line says how far, how fast and how long") {
  const Progress progress{"grpo", "step", 12, 50, "reward 0.71", {}};
  CHECK(format_progress(progress, 0.5) ==
        "grpo  12/50 step  24%  0.50 step/s  left 1:16  reward 0.71");
  CHECK(format_progress(progress, std::nullopt) ==
        "grpo  12/50 step  24%  left -:--  reward 0.71");
  CHECK(format_progress({"eval", "item", 7, 0, "", {}}, 123.4) ==
        "eval  7 item  123 item/s");
  CHECK(format_progress({"é", "é", 1, 0, "", {}}, std::nullopt, 6) == "é  1 é");
  CHECK(format_progress({"é", "é", 1, 0, "", {}}, std::nullopt, 5) == "é  1 ");
}

TEST_CASE("progress: a file gets a line at times, at each phase and the end") {
  ScratchFolder folder;
  const std::string path = folder / "out";
  ManualClock clock(1000.0);
  {
    std::unique_ptr<std::FILE, CloseFile> out(std::fopen(path.c_str(), "w"));
    ProgressLine line(out.get(), clock, 10.0);
    for (uint64_t done = 0; done <= 25; ++done) {
      line.update({"sft", "step", done, 100, "", {}});
      clock.advance(1.0);
    }
    line.update({"grpo", "step", 0, 2, "", {}});
    clock.advance(1.0);
    line.update({"grpo", "step", 1, 2, "", {}});
    clock.advance(1.0);
    line.update({"grpo", "step", 2, 2, "", {}});
    clock.advance(1.0);
    line.update({"grpo", "step", 2, 2, "", {}});  // said already
  }
  CHECK(read_file(path) ==
        "sft  0/100 step  0%  left -:--\n"
        "sft  10/100 step  10%  1.00 step/s  left 1:30\n"
        "sft  20/100 step  20%  1.00 step/s  left 1:20\n"
        "sft  25/100 step  25%  1.00 step/s  left 1:15\n"
        "grpo  0/2 step  0%  left -:--\n"
        "grpo  2/2 step  100%  1.00 step/s\n");
}

TEST_CASE("progress: a rate that is given wins over the measured one") {
  ScratchFolder folder;
  const std::string path = folder / "out";
  ManualClock clock(1000.0);
  {
    std::unique_ptr<std::FILE, CloseFile> out(std::fopen(path.c_str(), "w"));
    ProgressLine line(out.get(), clock, 10.0);
    line.update({"grpo", "step", 0, 4, "", {}});
    clock.advance(10.0);
    line.update({"grpo", "step", 1, 4, "", 0.5});
  }
  CHECK(read_file(path) ==
        "grpo  0/4 step  0%  left -:--\n"
        "grpo  1/4 step  25%  0.50 step/s  left 0:06\n");
}
