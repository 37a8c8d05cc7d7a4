#include "launch/commands/commands.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/error/error.h"
#include "common/text/printable.h"
#include "common/text/utf8.h"
#include "eval/prompt_encoder.h"
#include "kernels/torch.h"
#include "kernels/torch_errors.h"
#include "launch/command_line.h"
#include "launch/number_checks.h"
#include "launch/records/json_text.h"
#include "launch/records/record_loop.h"
#include "launch/records/record_options.h"
#include "launch/records/record_output.h"
#include "model/weights/stored_weights.h"

namespace ume {
namespace {

struct EmbedArguments {
  RecordOptions records;
  std::string image;
  std::string text;
  std::string mode = "both";
  int64_t max_new_tokens = 2048;
  int64_t batch_tokens = 4096;

  bool wants_disc() const { return mode != "gen"; }
  bool wants_gen() const { return mode != "disc"; }
};

// Both become JSON, which holds nothing else.
void check_utf8(const char* option, const std::string& value) {
  if (is_valid_utf8(value)) return;
  throw Error(ExitCode::kUsage, std::string("embed: ") + option +
                                    ": expected UTF-8, found \"" +
                                    printable(value) + '"');
}

RecordSource open_source(const EmbedArguments& a) {
  if (!a.records.input.empty()) return RecordSource(a.records.input);
  nlohmann::json record = {{"id", 0}, {"text", a.text}};
  if (!a.image.empty()) {
    // The user's own path, wherever it leads.
    record["images"] = {std::filesystem::absolute(a.image).string()};
  }
  return RecordSource::of_text(record.dump());
}

// What one record gave. An embedding that there is not, is empty.
struct Embedded {
  std::vector<float> disc;
  std::vector<float> gen;
  std::string completion;
};

void append_embedding(std::string& line,
                      const char* name,
                      const std::vector<float>& values) {
  line += ",\"" + std::string(name) + "\":";
  if (values.empty()) {
    line += "null";
  } else {
    append_json(line, std::span<const float>(values));
  }
}

std::string line_of(const EmbedArguments& a,
                    const std::string& id,
                    const Embedded& result) {
  std::string line = "{\"id\":" + id;
  if (a.wants_disc()) append_embedding(line, "disc_embedding", result.disc);
  if (a.wants_gen()) {
    append_embedding(line, "gen_embedding", result.gen);
    line += ",\"completion\":";
    append_json(line, result.completion);
  }
  return line + "}\n";
}

// Throws InvalidInput for a number that is not finite.
std::string lines_of(const EmbedArguments& a,
                     std::span<const RecordJob> jobs,
                     const std::vector<Embedded>& results) {
  std::string lines;
  for (size_t i = 0; i < jobs.size(); ++i) {
    lines += line_of(a, jobs[i].id, results[i]);
  }
  return lines;
}

// dim: of an embedding.
std::vector<ColumnType> column_types(const EmbedArguments& a, int64_t dim) {
  std::vector<ColumnType> types = {{"records", DType::kU8, 0, true}};
  if (a.wants_disc()) {
    types.push_back({"disc_embedding", DType::kF32, dim, false});
  }
  if (a.wants_gen()) {
    types.push_back({"gen_embedding", DType::kF32, dim, false});
  }
  return types;
}

// Zeros stand for an embedding that there is not.
void add_vector(TensorColumns& columns,
                const char* name,
                const std::vector<float>& values,
                int64_t dim) {
  const std::vector<float> none(static_cast<size_t>(dim));
  columns.add(name, bytes_of(values.empty() ? none : values));
}

void add_row(TensorColumns& columns,
             const EmbedArguments& a,
             const std::string& id,
             const Embedded& result,
             int64_t dim) {
  std::string line = "{\"id\":" + id;
  if (a.wants_disc()) add_vector(columns, "disc_embedding", result.disc, dim);
  if (a.wants_gen()) {
    add_vector(columns, "gen_embedding", result.gen, dim);
    line += ",\"completion\":";
    append_json(line, result.completion);
  }
  columns.add("records", bytes_of(line + "}\n"));
}

std::vector<Embedded> embed_batch(const PromptEncoder& encoder,
                                  std::span<const RecordJob> jobs) {
  std::vector<EncodeJob> encode_jobs;
  for (const RecordJob& job : jobs) {
    encode_jobs.push_back({&job.prompt, job.index, false});
  }
  std::vector<Embedded> results;
  for (EncodedPrompt& encoded : encoder.encode(encode_jobs)) {
    Embedded result;
    result.disc = std::move(encoded.disc);
    if (encoded.gen_in_completion) result.gen = std::move(encoded.gen);
    result.completion = std::move(encoded.completion);
    results.push_back(std::move(result));
  }
  return results;
}

uint64_t num_without_disc(const std::vector<Embedded>& results) {
  return static_cast<uint64_t>(
      std::count_if(results.begin(), results.end(),
                    [](const Embedded& r) { return r.disc.empty(); }));
}

void embed(const EmbedArguments& a) {
  RecordSource source = open_source(a);
  const ModelConfig config = load_model_config(a.records.model);
  RecordOutput output(a.records, column_types(a, config.hidden_size));
  const TextCodec text(preparer_options(a.records, source.folder()), config);
  const Qwen2VL model(config, map_weights(a.records.model, config));
  EncodeOptions encode;
  encode.generate = a.wants_gen();
  encode.max_new_tokens = a.max_new_tokens;
  encode.batch_tokens = a.batch_tokens;
  const PromptEncoder encoder(model, text, encode);
  RecordLoopOptions loop;
  loop.command = "ume embed";
  loop.on_error = a.records.on_error;
  loop.cost = [](const PreparedPrompt& prompt) {
    return static_cast<int64_t>(prompt.ids.size());
  };
  loop.budget = a.batch_tokens;
  loop.max_prompt_tokens = config.max_positions;
  uint64_t num_without = 0;
  const auto use = [&](std::span<const RecordJob> jobs) -> RecordLoop::Write {
    std::vector<Embedded> results;
    without_torch_errors([&] { results = embed_batch(encoder, jobs); });
    // Also where tensors are wanted: what is not finite is refused.
    std::string lines = lines_of(a, jobs, results);
    return [&, jobs, results = std::move(results), lines = std::move(lines)] {
      num_without += num_without_disc(results);
      if (!output.tensors()) return output.write(lines);
      for (size_t i = 0; i < jobs.size(); ++i) {
        add_row(*output.tensors(), a, jobs[i].id, results[i],
                config.hidden_size);
      }
    };
  };
  RecordLoop(loop, text.preparer(), use).run(source);
  output.finish();
  if (a.wants_disc() && num_without > 0) {
    std::fprintf(stderr,
                 "ume embed: %llu conversations hold no <disc_emb>: their "
                 "disc_embedding is null\n",
                 static_cast<unsigned long long>(num_without));
  }
}

}  // namespace

void add_embed_command(CLI::App& app) {
  auto a = std::make_shared<EmbedArguments>();
  CLI::App* command = app.add_subcommand(
      "embed", "turn records of text and pictures into embeddings");
  auto* input = add_record_options(*command, a->records);
  auto* image = command->add_option("--image", a->image, "one picture");
  auto* text = command->add_option("--text", a->text, "one text");
  input->excludes(image)->excludes(text);
  command
      ->add_option("--mode", a->mode,
                   "disc (one pass over the prompt), gen (answer, then the "
                   "embedding) or both")
      ->check(CLI::IsMember({"disc", "gen", "both"}))
      ->capture_default_str();
  command->add_option("--max-new-tokens", a->max_new_tokens, "longest answer")
      ->check(whole_number(1, 131072))
      ->capture_default_str();
  command
      ->add_option("--batch-tokens", a->batch_tokens,
                   "prompt tokens computed together")
      ->check(whole_number(1, kMaxBatchTokens))
      ->capture_default_str();
  add_example(*command,
              "ume embed --model runs/emoji/model --template minimal --mode "
              "both --image flag.png --text currency");
  command->callback([a] {
    if (a->records.input.empty() && a->image.empty() && a->text.empty()) {
      throw Error(ExitCode::kUsage,
                  "embed: expected --input, or --image and --text");
    }
    check_utf8("--text", a->text);
    check_utf8("--image", a->image);
    embed(*a);
  });
}

}  // namespace ume
