#include "launch/commands/commands.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "common/error/error.h"
#include "eval/text_codec.h"
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

struct GenerateArguments {
  RecordOptions records;
  SamplingParams sampling;
  uint32_t n = 1;
  uint64_t seed = 0;
  bool logprobs = false;
  int64_t batch_tokens = 4096;
};

const char* finish_name(FinishReason finish) {
  return finish == FinishReason::kLength ? "length" : "end";
}

bool has_embedding(const SampledCompletion& sample) {
  return sample.embedding_source == EmbeddingSource::kCompletion;
}

void append_arrays(std::string& line,
                   const SampledCompletion& sample,
                   bool with_logprobs) {
  line += "\"ids\":";
  append_json(line, std::span<const int64_t>(sample.ids));
  if (with_logprobs) {
    line += ",\"logprobs\":";
    append_json(line, std::span<const float>(sample.logprobs));
  }
  line += ",\"gen_embedding\":";
  if (has_embedding(sample)) {
    append_json(line, std::span<const float>(sample.gen_embedding));
  } else {
    line += "null";
  }
  line += ",";
}

// What becomes of a record's samples, in either form of output.
class AnswerWriter {
 public:
  AnswerWriter(const GenerateArguments& a, const TextCodec& text, int64_t dim)
      : a_(a), text_(text), dim_(dim) {}

  // The lines of a batch. Throws InvalidInput for numbers that are not finite.
  std::string lines_of(std::span<const RecordJob> jobs,
                       const std::vector<SampledGroup>& groups) const {
    std::string lines;
    for (size_t i = 0; i < jobs.size(); ++i) {
      lines += line_of(jobs[i].id, groups[i], /*with_arrays=*/true);
    }
    return lines;
  }

  // with_arrays: also what the other form has as tensors.
  std::string line_of(const std::string& id,
                      const SampledGroup& group,
                      bool with_arrays) const {
    std::string line = "{\"id\":" + id + ",\"samples\":[";
    for (size_t s = 0; s < group.completions.size(); ++s) {
      const SampledCompletion& sample = group.completions[s];
      line += s == 0 ? "{" : ",{";
      if (with_arrays) append_arrays(line, sample, a_.logprobs);
      line += "\"completion\":";
      append_json(line, text_.decode(sample.ids));
      line +=
          ",\"finish\":\"" + std::string(finish_name(sample.finish)) + "\"}";
    }
    return line + "]}\n";
  }

  std::vector<ColumnType> column_types() const {
    std::vector<ColumnType> types = {
        {"records", DType::kU8, 0, true},
        {"ids", DType::kI64, 0, true},
        {"gen_embedding", DType::kF32, dim_, false}};
    if (a_.logprobs) types.push_back({"logprobs", DType::kF32, 0, true});
    return types;
  }

  // One row a sample, but of `records`, which has one a record.
  void add_row(TensorColumns& columns,
               const std::string& id,
               const SampledGroup& group) const {
    const std::vector<float> none(static_cast<size_t>(dim_));
    for (const SampledCompletion& sample : group.completions) {
      columns.add("ids", bytes_of(sample.ids));
      if (a_.logprobs) columns.add("logprobs", bytes_of(sample.logprobs));
      columns.add(
          "gen_embedding",
          bytes_of(has_embedding(sample) ? sample.gen_embedding : none));
    }
    columns.add("records", bytes_of(line_of(id, group, /*with_arrays=*/false)));
  }

 private:
  const GenerateArguments& a_;
  const TextCodec& text_;
  const int64_t dim_;
};

// Random streams are named by the record's place in the input, so that a
// sample does not depend on which others are computed beside it.
SampleJob job_of(const GenerateArguments& a,
                 const RecordJob& job,
                 uint32_t begin,
                 uint32_t end) {
  SampleJob result{&job.prompt, {}};
  for (uint32_t s = begin; s < end; ++s) {
    result.keys.push_back({a.seed, job.index, 0, s});
  }
  return result;
}

// A record whose samples are more than the budget: a part at a time.
SampledGroup generate_parts(const GenerateArguments& a,
                            const Sampler& sampler,
                            const RecordJob& job) {
  const auto prompt = static_cast<int64_t>(job.prompt.ids.size());
  const auto step = static_cast<uint32_t>(std::clamp<int64_t>(
      a.batch_tokens / std::max<int64_t>(1, prompt), 1, a.n));
  SampledGroup whole;
  for (uint32_t begin = 0; begin < a.n; begin += step) {
    const SampleJob part = job_of(a, job, begin, std::min(begin + step, a.n));
    SampledGroup group =
        std::move(sampler.sample({&part, 1}, a.sampling).front());
    if (begin == 0) {
      whole = std::move(group);
    } else {
      std::move(group.completions.begin(), group.completions.end(),
                std::back_inserter(whole.completions));
    }
  }
  return whole;
}

std::vector<SampledGroup> generate_batch(const GenerateArguments& a,
                                         const Sampler& sampler,
                                         std::span<const RecordJob> jobs) {
  std::vector<SampledGroup> groups;
  if (jobs.size() == 1) {
    groups.push_back(generate_parts(a, sampler, jobs.front()));
    return groups;
  }
  std::vector<SampleJob> sample_jobs;
  for (const RecordJob& job : jobs) {
    sample_jobs.push_back(job_of(a, job, 0, a.n));
  }
  return sampler.sample(sample_jobs, a.sampling);
}

void generate(const GenerateArguments& a) {
  RecordSource source(a.records.input);
  const ModelConfig config = load_model_config(a.records.model);
  const TextCodec text(preparer_options(a.records, source.folder()), config);
  const AnswerWriter writer(a, text, config.hidden_size);
  RecordOutput output(a.records, writer.column_types());
  const Qwen2VL model(config, map_weights(a.records.model, config));
  const Sampler sampler(model, text.sampler_tokens());
  RecordLoopOptions loop;
  loop.command = "ume generate";
  loop.on_error = a.records.on_error;
  // Every sample has a copy of its prompt in the cache.
  loop.cost = [&a](const PreparedPrompt& prompt) {
    return static_cast<int64_t>(prompt.ids.size()) * a.n;
  };
  loop.budget = a.batch_tokens;
  loop.max_prompt_tokens = config.max_positions;
  const auto use = [&](std::span<const RecordJob> jobs) -> RecordLoop::Write {
    std::vector<SampledGroup> groups;
    without_torch_errors([&] { groups = generate_batch(a, sampler, jobs); });
    // Also where tensors are wanted: what is not finite is refused.
    std::string lines = writer.lines_of(jobs, groups);
    return [&, jobs, groups = std::move(groups), lines = std::move(lines)] {
      if (!output.tensors()) return output.write(lines);
      for (size_t i = 0; i < jobs.size(); ++i) {
        writer.add_row(*output.tensors(), jobs[i].id, groups[i]);
      }
    };
  };
  RecordLoop(loop, text.preparer(), use).run(source);
  output.finish();
}

void add_sampling_options(CLI::App& command, GenerateArguments& a) {
  command.add_option("--n", a.n, "samples of each record")
      ->check(whole_number(1, 65536))
      ->capture_default_str();
  command
      .add_option("--temperature", a.sampling.temperature,
                  "of the softmax, from 1e-6 on; 0: always the likeliest "
                  "token")
      ->check(sampling_temperature())
      ->capture_default_str();
  command
      .add_option("--top-p", a.sampling.top_p,
                  "keep the likeliest tokens up to this mass; 1: all")
      ->check(finite_number(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--top-k", a.sampling.top_k,
                  "keep the k likeliest tokens; 0: all")
      ->check(whole_number(0, INT32_MAX))
      ->capture_default_str();
  command
      .add_option("--max-new-tokens", a.sampling.max_new_tokens,
                  "longest answer")
      ->check(whole_number(1, 131072))
      ->capture_default_str();
  command
      .add_option("--seed", a.seed,
                  "of the samples: the same one gives the same answers")
      ->check(whole_number(0, UINT64_MAX))
      ->capture_default_str();
  command.add_flag("--logprobs", a.logprobs,
                   "each token's log-probability, natural, of the full softmax "
                   "at temperature 1 whatever the filter");
  command.add_flag("--ignore-eos", a.sampling.ignore_eos,
                   "go on after an end token, up to --max-new-tokens");
}

}  // namespace

void add_generate_command(CLI::App& app) {
  auto a = std::make_shared<GenerateArguments>();
  CLI::App* command = app.add_subcommand(
      "generate", "answers to records, with log-probabilities and embeddings");
  add_record_options(*command, a->records)->required();
  add_sampling_options(*command, *a);
  command
      ->add_option("--batch-tokens", a->batch_tokens,
                   "prompt tokens computed together, once for each sample")
      ->check(whole_number(1, kMaxBatchTokens))
      ->capture_default_str();
  add_example(*command,
              "ume generate --model runs/emoji/model --template minimal "
              "--input records.jsonl --n 4 --temperature 0.7 --seed 1");
  command->callback([a] {
    if (!(a->sampling.top_p > 0)) {
      throw Error(ExitCode::kUsage, "generate: expected a --top-p above 0");
    }
    generate(*a);
  });
}

}  // namespace ume
