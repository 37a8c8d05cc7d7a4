#include "launch/commands/commands.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/files/output_stream.h"
#include "launch/command_line.h"
#include "launch/records/json_text.h"
#include "launch/records/record_loop.h"
#include "launch/records/record_options.h"
#include "launch/records/tensor_columns.h"

namespace ume {
namespace {

using Json = nlohmann::ordered_json;

Json span_json(const MediaSpan& span) {
  const bool is_image = span.kind == MediaKind::kImage;
  Json json = {{"kind", is_image ? "image" : "video"},
               {"first_token", span.first_token},
               {"num_tokens", span.num_tokens},
               {"grid", span.grid}};
  if (!is_image) json["seconds_per_grid"] = span.seconds_per_grid;
  return json;
}

Json spans_json(const PreparedPrompt& prompt) {
  Json spans = Json::array();
  for (const MediaSpan& span : prompt.media) spans.push_back(span_json(span));
  return spans;
}

// Without the ids, which are a tensor of their own in the other form.
std::string end_of_line(const PreparedPrompt& prompt) {
  std::string text = "\"spans\":" + spans_json(prompt).dump() + ",\"digest\":";
  append_json(text, prompt.digest);
  return text + "}\n";
}

std::string line_of(const RecordJob& job) {
  std::string line = "{\"id\":" + job.id + ",\"ids\":";
  append_json(line, job.prompt.ids);
  return line + "," + end_of_line(job.prompt);
}

// The safetensors form (docs/formats/records.md). patch_dim: values of a patch.
std::vector<ColumnType> column_types(int64_t patch_dim) {
  return {{"records", DType::kU8, 0, true},
          {"ids", DType::kI64, 0, true},
          {"patches", DType::kF32, patch_dim, true},
          {"grids", DType::kI64, 3, true}};
}

void add_row(TensorColumns& columns, const RecordJob& job) {
  const PreparedPrompt& prompt = job.prompt;
  columns.add("ids", bytes_of(prompt.ids));
  columns.add("patches", bytes_of(prompt.patches));
  std::vector<int64_t> grids;
  for (const MediaSpan& span : prompt.media) {
    grids.insert(grids.end(), span.grid.begin(), span.grid.end());
  }
  columns.add("grids", bytes_of(grids));
  columns.add("records",
              bytes_of("{\"id\":" + job.id + "," + end_of_line(prompt)));
}

void preprocess(const RecordOptions& options) {
  const bool tensors_wanted = wants_tensors(options);
  RecordSource source(options.input);
  const PromptPreparer preparer(preparer_options(options, source.folder()));
  std::optional<TensorColumns> tensors;
  std::optional<OutputStream> lines;
  if (tensors_wanted) {
    tensors.emplace(options.output,
                    column_types(preparer.preprocessor().patch_dim()));
  } else {
    lines.emplace(options.output);
  }
  RecordLoopOptions loop;
  loop.command = "ume preprocess";
  loop.on_error = options.on_error;
  loop.cost = [](const PreparedPrompt&) { return 1; };
  loop.budget = 1;  // one record at a time
  const auto use = [&](std::span<const RecordJob> jobs) -> RecordLoop::Write {
    std::string line = lines ? line_of(jobs.front()) : "";
    return [&, jobs, line = std::move(line)] {
      if (tensors) add_row(*tensors, jobs.front());
      if (lines) lines->write(line);
    };
  };
  RecordLoop(loop, preparer, use).run(source);
  if (tensors) tensors->finish();
  if (lines) lines->finish();
}

}  // namespace

void add_preprocess_command(CLI::App& app) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App* command = app.add_subcommand(
      "preprocess", "records to token ids, media spans, patches and digests");
  add_record_options(*command, *options)->required();
  add_example(*command,
              "ume preprocess --model examples/emoji/base --input "
              "records.jsonl --output prompts.safetensors");
  command->callback([options] { preprocess(*options); });
}

}  // namespace ume
