#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "common/progress/progress.h"
#include "common/types/prepared_prompt.h"
#include "data/prepare/preparer.h"
#include "data/records/prompt_records.h"
#include "launch/records/bad_records.h"
#include "launch/records/record_source.h"

namespace ume {

// One record on its way to its result.
struct RecordJob {
  uint64_t line = 0;   // in the source, from 1
  uint64_t index = 0;  // among the source's records, bad ones too, from 0
  std::string id;      // as JSON
  PreparedPrompt prompt;
};

struct RecordLoopOptions {
  std::string command;  // "ume embed"
  std::string on_error = "fail";
  // Records are handed over together as long as their costs add up to at most
  // `budget`; a dearer one alone.
  std::function<int64_t(const PreparedPrompt&)> cost;
  int64_t budget = 0;
  // A longer prompt is refused: the model's max_position_embeddings. 0: none.
  int64_t max_prompt_tokens = 0;
};

// Reads records, prepares them and hands them over in batches, in the order of
// the source, with progress on stderr. Memory is that of one batch.
class RecordLoop {
 public:
  // Writes the results of a batch. What it throws ends the loop.
  using Write = std::function<void()>;
  // Computes them. Throws InvalidInput for records that it cannot use, and
  // std::bad_alloc where they need more memory than there is.
  using Use = std::function<Write(std::span<const RecordJob>)>;

  // preparer: borrowed. use: called from run().
  RecordLoop(RecordLoopOptions options,
             const PromptPreparer& preparer,
             Use use);

  // Until the source ends. A bad record, also one that memory does not suffice
  // for, throws an error that names its line; with on_error "skip" it is named
  // on stderr, and the others of its batch are handed over again, one by one.
  // What every record would meet (IoError of the source or the output,
  // Unavailable for a program that is missing, InvalidInput for a chat template
  // that cannot be used) ends the loop in either case, with the line. The
  // records before have their results first.
  void run(RecordSource& source);

 private:
  std::optional<PromptLine> next(PromptReader& reader, uint64_t last_line);
  void add(const PromptInput& input, RecordJob job);
  PreparedPrompt prepare(const PromptInput& input) const;
  void flush();
  std::optional<Error> use(std::span<const RecordJob> jobs);
  Error at_line(const RecordJob& job, const Error& error) const;
  void refuse(const Error& error);
  void refuse_unread(const Error& error);
  [[noreturn]] void end_with(const Error& error);
  void show(uint64_t lines_done);

  const RecordLoopOptions options_;
  const PromptPreparer& preparer_;
  const Use use_;
  const SystemClock clock_;
  ProgressLine progress_;
  Progress shown_;
  BadRecords bad_;
  std::string source_name_;
  std::vector<RecordJob> batch_;
  int64_t batch_cost_ = 0;
};

}  // namespace ume
