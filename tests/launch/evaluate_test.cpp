#include "launch/results/evaluate.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

// An evaluation whose ume-engine is a shell script. The script is called with
// `eval-encode --job FILE --shard I --of N`.
class FakeEvaluation {
 public:
  explicit FakeEvaluation(const std::string& script) {
    folder_.write("model/config.json", "{}");
    const fs::path engine =
        folder_.write("bin/ume-engine", "#!/bin/sh\n" + script);
    fs::permissions(engine, fs::perms::owner_all);
    set.prompts = {{"a", {}, {}, 2.0}, {"b", {}, {}, 2.0}};
    set.is_query = {1, 0};
    EncodedPrompt prompt;
    prompt.disc = {1.0f, 0.0f};
    write_shard(folder_ / "ready", {0, 1}, {prompt, prompt});
    options.model = folder_ / "model";
    options.eval.processes = 1;
    options.eval.shard_timeout_seconds = 60.0;
    options.shards = folder_ / "shards";
    options.programs = folder_ / "bin";
    options.label = "eval fake";
  }

  auto encode() {
    return encode_with_model(options, encoding_job(options, set), set);
  }
  // How often the script has appended to FOLDER/calls.
  size_t num_calls() const {
    const fs::path calls = folder_ / "calls";
    return fs::exists(calls) ? fs::file_size(calls) : 0;
  }

  EvaluateOptions options;
  EvaluationSet set;

 private:
  ScratchFolder folder_;
};

// Copies what lies ready beside the shards, counts that, and says that it took
// 31.5 seconds.
constexpr const char* kCopy =
    "here=$(dirname \"$3\")\n"
    "cp \"$here\"/../ready/shard-* \"$here\"/\n"
    "printf x >> \"$here\"/../calls\n"
    "echo 2 2 31.5\n";

TEST_CASE("an evaluation is encoded once, and anew for other settings") {
  FakeEvaluation fake(kCopy);
  CHECK(fake.encode().value().size() == 2);
  CHECK(fake.encode().value().size() == 2);
  CHECK(fake.num_calls() == 1);
  fake.options.eval.samples = 3;
  CHECK(fake.encode().value().size() == 2);
  CHECK(fake.num_calls() == 2);
  fake.options.eval.temperature = 1e-7;
  CHECK(fake.encode().value().size() == 2);
  CHECK(fake.num_calls() == 3);
}

TEST_CASE("a stage's time is that of its slowest shard, also made earlier") {
  FakeEvaluation fake(kCopy);
  const EncodingJob job = encoding_job(fake.options, fake.set);
  const auto first = evaluate_stage(fake.options, job, fake.set, "sft").value();
  CHECK(first.seconds == Approx(31.5).margin(1.0));
  // The shards are there: nothing is waited for.
  const auto again = evaluate_stage(fake.options, job, fake.set, "sft").value();
  CHECK(again.seconds == Approx(31.5).margin(1.0));
  CHECK(fake.num_calls() == 1);
}

TEST_CASE("the evaluation set says what '.' stands for, not the data section") {
  FakeEvaluation fake(kCopy);
  fake.options.data.media_roots = {{".", "/train"}, {"photos", "/photos"}};
  fake.options.data.image_max_pixels = 784;
  const EncodingJob job = encoding_job(fake.options, fake.set);
  CHECK(job.data.media_roots.count(".") == 0);
  CHECK(job.data.media_roots.count("photos") == 1);
  CHECK(job.data.image_max_pixels == 784);
}

TEST_CASE("a shard that dies twice ends the evaluation with its last words") {
  FakeEvaluation fake("echo no room >&2\nkill -9 $$\n");
  CHECK_THROWS_WITH(fake.encode(), Contains("eval fake: shard 0") &&
                                       Contains("signal 9: no room"));
}

TEST_CASE("a shard that stands still ends the evaluation at its deadline") {
  FakeEvaluation fake("echo 1 2 0.5\nexec sleep 60\n");
  fake.options.eval.shard_timeout_seconds = 0.1;
  CHECK_THROWS_AS(fake.encode(), DeadlineExceeded);
  CHECK_THROWS_WITH(fake.encode(), Contains("evaluation shard 0"));
}

TEST_CASE("an evaluation that is asked to stop ends its processes") {
  FakeEvaluation fake("exec sleep 60\n");
  const std::atomic<bool> stop{true};
  fake.options.stop = &stop;
  CHECK_FALSE(fake.encode().has_value());
}

}  // namespace
}  // namespace ume
