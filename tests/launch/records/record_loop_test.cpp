#include "launch/records/record_loop.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <new>
#include <stdexcept>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;
namespace fs = std::filesystem;

const fs::path kModel = "tests/fixtures/parity/model_a_qwen2vl_tied";

PromptPreparer make_preparer(const fs::path& model = kModel) {
  PreparerOptions options;
  options.model_folder = model;
  options.prepare.prompt_template = "minimal";
  return PromptPreparer(options);
}

std::string text_record(int id, size_t num_words) {
  std::string text = "a";
  for (size_t i = 1; i < num_words; ++i) text += " b";
  return "{\"id\": " + std::to_string(id) + ", \"text\": \"" + text + "\"}\n";
}

// What a loop did with a source.
struct Outcome {
  std::vector<std::string> ids;  // of the results, in the order written
  std::vector<size_t> batches;   // sizes of what was handed over
  std::string error;             // empty: the loop went through
  ExitCode code = ExitCode::kDone;
};

// Runs a loop over `records` in batches of up to 100 records.
// fail: called with each batch before it is computed.
Outcome run_loop(
    const std::string& records,
    RecordLoopOptions options,
    const std::function<void(std::span<const RecordJob>)>& fail = {},
    const fs::path& model = kModel) {
  const ScratchFolder folder;
  const PromptPreparer preparer = make_preparer(model);
  RecordSource source(folder.write("records.jsonl", records).string());
  options.command = "ume test";
  options.cost = [](const PreparedPrompt&) { return 1; };
  options.budget = 100;
  Outcome outcome;
  const auto use = [&](std::span<const RecordJob> jobs) -> RecordLoop::Write {
    outcome.batches.push_back(jobs.size());
    if (fail) fail(jobs);
    return [&outcome, jobs] {
      for (const RecordJob& job : jobs) outcome.ids.push_back(job.id);
    };
  };
  try {
    RecordLoop(options, preparer, use).run(source);
  } catch (const Error& error) {
    outcome.error = error.what();
    outcome.code = error.code();
  }
  return outcome;
}

RecordLoopOptions on_error(const char* what) {
  RecordLoopOptions options;
  options.on_error = what;
  return options;
}

// No memory for batches with a prompt of more than 200 tokens.
void run_out_of_memory(std::span<const RecordJob> jobs) {
  for (const RecordJob& job : jobs) {
    if (job.prompt.ids.size() > 200) throw std::bad_alloc();
  }
}

const std::string kLargeThird = text_record(1, 1) + text_record(2, 1) +
                                text_record(3, 400) + text_record(4, 1);

TEST_CASE("a record that memory does not suffice for costs itself alone") {
  const Outcome skipped =
      run_loop(kLargeThird, on_error("skip"), run_out_of_memory);
  CHECK(skipped.error.empty());
  CHECK(skipped.ids == std::vector<std::string>{"1", "2", "4"});
  CHECK(skipped.batches == std::vector<size_t>{4, 1, 1, 1, 1});

  const Outcome ended =
      run_loop(kLargeThird, on_error("fail"), run_out_of_memory);
  CHECK(ended.ids == std::vector<std::string>{"1", "2"});
  CHECK(ended.code == ExitCode::kFailure);
  CHECK_THAT(ended.error,
             Contains("records.jsonl, line 3: not enough memory to compute its "
                      "prompt of "));
}

TEST_CASE("a prompt that is longer than the model's is not computed") {
  RecordLoopOptions options = on_error("skip");
  options.max_prompt_tokens = 200;
  const Outcome skipped = run_loop(kLargeThird, options);
  CHECK(skipped.ids == std::vector<std::string>{"1", "2", "4"});
  CHECK(skipped.batches == std::vector<size_t>{3});

  options.on_error = "fail";
  const Outcome ended = run_loop(kLargeThird, options);
  CHECK(ended.ids == std::vector<std::string>{"1", "2"});
  CHECK(ended.code == ExitCode::kBadData);
  CHECK_THAT(ended.error, Contains("line 3: the prompt has ") &&
                              Contains(" tokens; expected at most 200"));
}

TEST_CASE("a prompt as long as the model's is computed") {
  size_t num_tokens = 0;
  run_loop(text_record(1, 50), on_error("fail"),
           [&](auto jobs) { num_tokens = jobs.front().prompt.ids.size(); });
  RecordLoopOptions options = on_error("fail");
  options.max_prompt_tokens = static_cast<int64_t>(num_tokens);
  CHECK(run_loop(text_record(1, 50), options).error.empty());
  options.max_prompt_tokens -= 1;
  CHECK_FALSE(run_loop(text_record(1, 50), options).error.empty());
}

TEST_CASE("what fails while results are written is no record's fault") {
  const ScratchFolder folder;
  const PromptPreparer preparer = make_preparer();
  RecordSource source(folder.write("records.jsonl", kLargeThird).string());
  RecordLoopOptions options = on_error("skip");
  options.cost = [](const PreparedPrompt&) { return 1; };
  options.budget = 100;
  int num_written = 0;
  RecordLoop loop(options, preparer, [&](auto) -> RecordLoop::Write {
    return [&] {
      ++num_written;
      throw std::bad_alloc();
    };
  });
  CHECK_THROWS_AS(loop.run(source), std::bad_alloc);
  CHECK(num_written == 1);
}

TEST_CASE("a chat template that cannot be used ends the command, in time") {
  const ScratchFolder folder;
  for (const char* name : {"tokenizer.json", "preprocessor_config.json"}) {
    fs::copy_file(kModel / name, folder / name);
  }
  folder.write("chat_template.jinja", "{% macro x() %}");
  const std::string records =
      text_record(1, 1) +
      R"({"id": 2, "messages": [{"role": "user", "content": "hi"}]})"
      "\n" +
      text_record(3, 1);
  for (const char* choice : {"fail", "skip"}) {
    const Outcome ended =
        run_loop(records, on_error(choice), {}, folder.path());
    CHECK(ended.ids == std::vector<std::string>{"1"});
    CHECK(ended.code == ExitCode::kBadData);
    CHECK_THAT(ended.error, Contains("records.jsonl, line 2: ") &&
                                Contains("chat_template.jinja"));
  }
  // Without a conversation nobody looks at it.
  CHECK(run_loop(text_record(1, 1), on_error("fail"), {}, folder.path())
            .error.empty());
}

TEST_CASE("what a terminal would obey is not in a record's message") {
  const std::string record =
      R"({"text": "x", "images": ["/nope\u001b[2J\u0007\nume: done.png"]})"
      "\n";
  const Outcome ended = run_loop(record, on_error("fail"));
  CHECK_THAT(ended.error, Contains("/nope?[2J??ume: done.png"));
}

}  // namespace
}  // namespace ume
