#include "launch/records/record_loop.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "common/error/error.h"

namespace ume {

RecordLoop::RecordLoop(RecordLoopOptions options,
                       const PromptPreparer& preparer,
                       Use use)
    : options_(std::move(options)),
      preparer_(preparer),
      use_(std::move(use)),
      progress_(stderr, clock_),
      shown_{.label = options_.command,
             .unit = "record",
             .done = 0,
             .total = 0,
             .detail = "",
             .rate = {}},
      bad_(options_.command, options_.on_error) {}

Error RecordLoop::at_line(const RecordJob& job, const Error& error) const {
  return Error(error.code(), source_name_ + ", line " +
                                 std::to_string(job.line) + ": " +
                                 error.what());
}

void RecordLoop::refuse(const Error& error) {
  progress_.finish();
  bad_.add(error);
}

// The records before an unreadable one still get their results.
void RecordLoop::refuse_unread(const Error& error) {
  if (!bad_.skips()) flush();
  refuse(error);
}

void RecordLoop::show(uint64_t lines_done) {
  shown_.done = lines_done;
  if (bad_.num_skipped() > 0) {
    shown_.detail = std::to_string(bad_.num_skipped()) + " skipped";
  }
  progress_.update(shown_);
}

void RecordLoop::add(const PromptInput& input, RecordJob job) {
  try {
    job.prompt = input.is_conversation
                     ? preparer_.prepare_messages(input.messages, input.media)
                     : preparer_.prepare(input.record);
  } catch (const InvalidInput& error) {
    return refuse_unread(at_line(job, error));
  } catch (const IoError& error) {  // a picture that cannot be read
    return refuse_unread(at_line(job, error));
  }
  const int64_t cost = options_.cost(job.prompt);
  if (batch_cost_ + cost > options_.budget) flush();
  batch_cost_ += cost;
  batch_.push_back(std::move(job));
}

void RecordLoop::flush() {
  if (batch_.empty()) return;
  try {
    use_(batch_);
  } catch (const InvalidInput& error) {
    if (batch_.size() > 1) {
      use_one_by_one();
    } else {
      refuse(at_line(batch_.front(), error));
    }
  }
  show(batch_.back().line);
  batch_.clear();
  batch_cost_ = 0;
}

// Which record of a refused batch is the bad one?
void RecordLoop::use_one_by_one() {
  for (const RecordJob& job : batch_) {
    try {
      use_({&job, 1});
    } catch (const InvalidInput& error) {
      refuse(at_line(job, error));
    }
  }
}

void RecordLoop::run(RecordSource& source) {
  source_name_ = source.name();
  shown_.total = source.num_lines();
  show(0);  // the rate counts from here
  PromptReadOptions options;
  // The user's own records: a path is taken as it stands.
  options.absolute_paths = true;
  PromptReader reader(source.stream(), source.name(), options);
  uint64_t num_records = 0;
  uint64_t last_line = 0;
  while (const std::optional<PromptLine> line = reader.next()) {
    last_line = line->line;
    RecordJob job{line->line, num_records++, "", {}};
    if (line->input) {
      job.id = line->input->id;
      add(*line->input, std::move(job));
    } else {
      refuse_unread(InvalidInput(line->error));
    }
  }
  flush();
  // Blank lines at the end are no records, but done as well.
  const uint64_t all = std::max(last_line, source.num_lines());
  if (shown_.done != all) show(all);
  progress_.finish();
  bad_.summarize();
}

}  // namespace ume
