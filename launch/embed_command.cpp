#include "launch/embed_command.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/error/error.h"
#include "data/records/prompt_records.h"
#include "eval/prompt_encoder.h"
#include "kernels/torch.h"
#include "launch/command_line.h"

namespace ume {
namespace {

struct EmbedArguments {
  std::string model;
  std::string input;  // "-": stdin
  std::string image;
  std::string text;
  std::string mode = "both";
  std::string prompt_template = "evaluation";
  std::string on_error = "fail";
  std::string output;
  int64_t max_new_tokens = 2048;
  int64_t batch_tokens = 4096;
};

// One line of the input on its way to the output.
struct Item {
  std::string id = "null";  // as JSON
  PreparedPrompt prompt;
};

class EmbedProgram {
 public:
  explicit EmbedProgram(EmbedArguments arguments);
  void run();

 private:
  void read_lines(std::istream& stream,
                  const std::string& name,
                  const PromptReadOptions& options);
  void add(const PromptInput& input);
  void flush();

  EmbedArguments a_;
  ModelConfig config_;
  Qwen2VL model_;
  TextCodec text_;
  PromptEncoder encoder_;
  std::vector<Item> pending_;
  int64_t pending_tokens_ = 0;
  int64_t num_bad_ = 0;
  std::ofstream file_;
};

PreparerOptions prepare_options(const EmbedArguments& a) {
  PreparerOptions options;
  options.model_folder = a.model;
  options.prepare.prompt_template = a.prompt_template;
  // Paths on the command line and of a user's own records may be absolute.
  options.prepare.media_roots[""] = "/";
  options.record_folder =
      a.input.empty() || a.input == "-"
          ? std::filesystem::current_path()
          : std::filesystem::absolute(a.input).parent_path();
  return options;
}

EncodeOptions encode_options(const EmbedArguments& a) {
  EncodeOptions options;
  options.generate = a.mode != "disc";
  options.max_new_tokens = a.max_new_tokens;
  options.batch_tokens = a.batch_tokens;
  return options;
}

EmbedProgram::EmbedProgram(EmbedArguments arguments)
    : a_(std::move(arguments)),
      config_(load_model_config(a_.model)),
      model_(config_, load_weights(a_.model, config_)),
      text_(prepare_options(a_), config_),
      encoder_(model_, text_, encode_options(a_)) {
  if (!a_.output.empty()) {
    file_.open(a_.output, std::ios::trunc);
    if (!file_) throw IoError("cannot write " + a_.output);
  }
}

void EmbedProgram::add(const PromptInput& input) {
  Item item;
  item.id = input.id;
  item.prompt = input.is_conversation ? text_.preparer().prepare_messages(
                                            input.messages, input.media)
                                      : text_.prepare(input.record);
  pending_tokens_ += static_cast<int64_t>(item.prompt.ids.size());
  pending_.push_back(std::move(item));
  if (pending_tokens_ >= a_.batch_tokens) flush();
}

void EmbedProgram::flush() {
  std::vector<EncodeJob> jobs;
  for (const Item& item : pending_) jobs.push_back({&item.prompt, 0, false});
  const std::vector<EncodedPrompt> results = encoder_.encode(jobs);
  std::ostream& out = a_.output.empty() ? std::cout : file_;
  for (size_t i = 0; i < results.size(); ++i) {
    nlohmann::ordered_json line;
    line["id"] = nlohmann::json::parse(pending_[i].id);
    if (a_.mode != "gen") line["disc_embedding"] = results[i].disc;
    if (a_.mode != "disc") {
      line["gen_embedding"] = results[i].gen_in_completion
                                  ? nlohmann::json(results[i].gen)
                                  : nlohmann::json();
      line["completion"] = results[i].completion;
    }
    out << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
        << '\n';
  }
  out.flush();
  if (!out) throw IoError("cannot write the embeddings: is the disk full?");
  pending_.clear();
  pending_tokens_ = 0;
}

void EmbedProgram::read_lines(std::istream& stream,
                              const std::string& name,
                              const PromptReadOptions& options) {
  PromptReader reader(stream, name, options);
  while (const std::optional<PromptLine> line = reader.next()) {
    std::string error = line->error;
    if (line->input) {
      try {
        add(*line->input);
        continue;
      } catch (const InvalidInput& bad) {
        error = name + ":" + std::to_string(line->line) + ": " + bad.what();
      }
    }
    if (a_.on_error == "fail") throw InvalidInput(error);
    std::fprintf(stderr, "ume embed: skipped: %s\n", error.c_str());
    ++num_bad_;
  }
}

void EmbedProgram::run() {
  PromptReadOptions options;
  options.absolute_paths = true;
  if (!a_.text.empty() || !a_.image.empty()) {
    nlohmann::json record = {{"id", 0}, {"text", a_.text}};
    if (!a_.image.empty()) {
      // The user's own path, wherever it leads.
      record["images"] = {std::filesystem::absolute(a_.image).string()};
    }
    add(parse_prompt(record.dump(), "command line", options));
  } else if (a_.input == "-") {
    read_lines(std::cin, "stdin", options);
  } else {
    std::ifstream file(a_.input);
    if (!file) throw IoError("cannot open " + a_.input);
    read_lines(file, a_.input, options);
  }
  flush();
  if (num_bad_ > 0) {
    std::fprintf(stderr, "ume embed: %lld records skipped\n",
                 static_cast<long long>(num_bad_));
  }
}

}  // namespace

void add_embed_command(CLI::App& app) {
  auto a = std::make_shared<EmbedArguments>();
  CLI::App* embed = app.add_subcommand(
      "embed", "turn records of text and pictures into embeddings");
  embed->add_option("--model", a->model, "model folder (hub layout)")
      ->required();
  auto* input = embed->add_option("--input", a->input,
                                  "records, JSON lines; - for stdin");
  auto* image = embed->add_option("--image", a->image, "one picture");
  auto* text = embed->add_option("--text", a->text, "one text");
  input->excludes(image)->excludes(text);
  embed->add_option("--mode", a->mode, "disc, gen or both")
      ->check(CLI::IsMember({"disc", "gen", "both"}));
  embed->add_option("--template", a->prompt_template,
                    "evaluation, rl_published, demo or minimal");
  embed->add_option("--max-new-tokens", a->max_new_tokens, "longest answer");
  embed->add_option("--batch-tokens", a->batch_tokens,
                    "prompt tokens computed together");
  embed->add_option("--on-error", a->on_error, "a bad record: fail or skip")
      ->check(CLI::IsMember({"fail", "skip"}));
  embed->add_option("--output", a->output, "JSON lines file; default: stdout");
  add_example(*embed,
              "ume embed --model runs/emoji/model --template minimal --mode "
              "both --image flag.png --text currency");
  embed->callback([a] {
    if (a->input.empty() && a->image.empty() && a->text.empty()) {
      throw Error(ExitCode::kUsage,
                  "embed: expected --input, or --image and --text");
    }
    EmbedProgram(*a).run();
  });
}

}  // namespace ume
