#include "launch/records/record_loop.h"

#include <algorithm>
#include <cstdio>
#include <new>

#include "common/error/error.h"

namespace ume {
namespace {

// work: what was to be done.
Error out_of_memory(const std::string& work) {
  return Error(ExitCode::kFailure, "not enough memory to " + work);
}

Error unexpected(const std::exception& error) {
  return Error(ExitCode::kFailure,
               std::string("unexpected failure: ") + error.what());
}

}  // namespace

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

// As do those before what ends the command.
void RecordLoop::end_with(const Error& error) {
  flush();
  progress_.finish();
  throw Error(error);
}

void RecordLoop::show(uint64_t lines_done) {
  shown_.done = lines_done;
  if (bad_.num_skipped() > 0) {
    shown_.detail = std::to_string(bad_.num_skipped()) + " skipped";
  }
  progress_.update(shown_);
}

PreparedPrompt RecordLoop::prepare(const PromptInput& input) const {
  PreparedPrompt prompt =
      input.is_conversation
          ? preparer_.prepare_messages(input.messages, input.media)
          : preparer_.prepare(input.record);
  const auto num_tokens = static_cast<int64_t>(prompt.ids.size());
  const int64_t most = options_.max_prompt_tokens;
  if (most > 0 && num_tokens > most) {
    throw InvalidInput("the prompt has " + std::to_string(num_tokens) +
                       " tokens; expected at most " + std::to_string(most) +
                       ", the model's max_position_embeddings");
  }
  return prompt;
}

void RecordLoop::add(const PromptInput& input, RecordJob job) {
  try {
    if (input.is_conversation) preparer_.check_chat_template();
  } catch (const Error& error) {
    end_with(at_line(job, error));
  }
  try {
    job.prompt = prepare(input);
  } catch (const InvalidInput& error) {
    return refuse_unread(at_line(job, error));
  } catch (const IoError& error) {  // a picture that cannot be read
    return refuse_unread(at_line(job, error));
  } catch (const std::bad_alloc&) {
    return refuse_unread(at_line(job, out_of_memory("prepare its prompt")));
  } catch (const Error& error) {
    end_with(at_line(job, error));
  } catch (const std::exception& error) {
    end_with(at_line(job, unexpected(error)));
  }
  const int64_t cost = options_.cost(job.prompt);
  if (batch_cost_ + cost > options_.budget) flush();
  batch_cost_ += cost;
  batch_.push_back(std::move(job));
}

// Why the records cannot be used; nothing where their results are written.
std::optional<Error> RecordLoop::use(std::span<const RecordJob> jobs) {
  Write write;
  try {
    write = use_(jobs);
  } catch (const InvalidInput& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return out_of_memory("compute its prompt of " +
                         std::to_string(jobs.front().prompt.ids.size()) +
                         " tokens");
  }
  write();
  return std::nullopt;
}

void RecordLoop::flush() {
  if (batch_.empty()) return;
  if (const std::optional<Error> error = use(batch_)) {
    // Which record of a refused batch is the bad one?
    for (const RecordJob& job : batch_) {
      const std::optional<Error> own =
          batch_.size() == 1 ? error : use({&job, 1});
      if (own) refuse(at_line(job, *own));
    }
  }
  show(batch_.back().line);
  batch_.clear();
  batch_cost_ = 0;
}

std::optional<PromptLine> RecordLoop::next(PromptReader& reader,
                                           uint64_t last_line) {
  const std::string place = " after line " + std::to_string(last_line);
  try {
    return reader.next();
  } catch (const Error& error) {
    end_with(Error(error.code(), error.what() + place));
  } catch (const std::bad_alloc&) {
    const Error error = out_of_memory("read on" + place);
    end_with(Error(error.code(), source_name_ + ": " + error.what()));
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
  while (const std::optional<PromptLine> line = next(reader, last_line)) {
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
