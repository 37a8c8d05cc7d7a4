#include "eval/report/report_input.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxFileBytes = uint64_t{256} << 20;
constexpr uint64_t kMaxPictureBytes = uint64_t{256} << 10;

Estimate parse_estimate(const Json& json) {
  Estimate e;
  e.mean = json.at("mean").get<double>();
  e.low = json.at("low").get<double>();
  e.high = json.at("high").get<double>();
  return e;
}

Json estimate_json(const Estimate& e) {
  return {{"mean", e.mean}, {"low", e.low}, {"high", e.high}};
}

std::optional<Estimate> parse_optional(const Json& json, const char* name) {
  if (!json.contains(name)) return std::nullopt;
  return parse_estimate(json.at(name));
}

void put_optional(Json& json,
                  const char* name,
                  const std::optional<Estimate>& estimate) {
  if (estimate) json[name] = estimate_json(*estimate);
}

GrpoEffect parse_effect(const Json& json) {
  return {json.at("label").get<std::string>(),
          parse_estimate(json.at("before")),
          parse_estimate(json.at("after")),
          parse_estimate(json.at("change")),
          parse_optional(json, "disc"),
          parse_optional(json, "careful_before"),
          parse_optional(json, "careful_after")};
}

Json effect_json(const GrpoEffect& effect) {
  Json json = {{"label", effect.label},
               {"before", estimate_json(effect.before)},
               {"after", estimate_json(effect.after)},
               {"change", estimate_json(effect.change)}};
  put_optional(json, "disc", effect.disc);
  put_optional(json, "careful_before", effect.careful_before);
  put_optional(json, "careful_after", effect.careful_after);
  return json;
}

ExampleAnswer parse_answer(const Json& json) {
  ExampleAnswer answer;
  answer.completion = json.at("completion").get<std::string>();
  answer.top_candidate = json.at("top_candidate").get<std::string>();
  answer.correct = json.at("correct").get<bool>();
  if (json.contains("reward") && !json.at("reward").is_null()) {
    answer.reward = json.at("reward").get<double>();
  }
  return answer;
}

Json answer_json(const ExampleAnswer& answer) {
  Json json = {{"completion", answer.completion},
               {"top_candidate", answer.top_candidate},
               {"correct", answer.correct}};
  if (answer.reward) json["reward"] = *answer.reward;
  return json;
}

// A picture's bytes; nothing when the path leaves the folder or the file is
// not there or too large to show.
std::string read_picture(const fs::path& folder, const std::string& name) {
  if (name.empty()) return "";
  const fs::path path = (folder / name).lexically_normal();
  const fs::path inside = path.lexically_relative(folder.lexically_normal());
  std::error_code error;
  if (inside.empty() || *inside.begin() == ".." ||
      !fs::is_regular_file(path, error) ||
      fs::file_size(path, error) > kMaxPictureBytes) {
    return "";
  }
  return read_file(path.string(), kMaxPictureBytes);
}

void parse_examples(const Json& json,
                    const fs::path& folder,
                    ReportInput& input) {
  for (const Json& item : json) {
    ExampleTrajectory example;
    example.task = item.at("task").get<std::string>();
    example.query = item.at("query").get<std::string>();
    example.expected = item.at("expected").get<std::string>();
    example.picture = read_picture(folder, item.value("picture", ""));
    example.before = parse_answer(item.at("before"));
    example.after = parse_answer(item.at("after"));
    input.examples.push_back(std::move(example));
  }
}

void parse_context(const Json& json, const fs::path&, ReportInput& input) {
  input.title = json.value("title", "");
  input.subtitle = json.value("subtitle", "");
  for (const Json& item : json.value("times", Json::array())) {
    input.times.push_back({item.at("phase").get<std::string>(),
                           item.at("seconds").get<double>(),
                           item.at("tokens").get<int64_t>()});
  }
  for (const Json& item : json.value("seeds", Json::array())) {
    input.seeds.push_back(parse_effect(item));
  }
  if (json.contains("seed_mean")) {
    input.seed_mean = parse_effect(json.at("seed_mean"));
  }
  if (json.contains("control")) {
    input.control = parse_effect(json.at("control"));
  }
  input.control_gap = parse_optional(json, "control_gap");
  input.clean = parse_optional(json, "clean");
  input.clean_gap = parse_optional(json, "clean_gap");
  input.notes = json.value("notes", std::vector<std::string>());
}

// A line that a crash cut short is the last one; it is left out.
void read_metrics(const fs::path& path, ReportInput& input) {
  std::ifstream in(path);
  std::string text;
  for (int64_t line = 1; std::getline(in, text); ++line) {
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() && in.peek() == EOF) return;
    if (!json.is_object() || !json.contains("phase") ||
        !json["phase"].is_string() || !json.contains("step") ||
        !json["step"].is_number_integer()) {
      throw InvalidInput(path.string() + ":" + std::to_string(line) +
                         ": expected an object with phase and step");
    }
    StepRecord record{json["phase"], json["step"], {}};
    for (const auto& [name, value] : json.items()) {
      if (value.is_number() && name != "step") record.values[name] = value;
    }
    input.metrics.push_back(std::move(record));
  }
}

template <class Parse>
void read_optional(const fs::path& folder,
                   const char* name,
                   Parse parse,
                   ReportInput& input) {
  const fs::path path = folder / name;
  if (!fs::exists(path)) return;
  const std::string text = read_file(path.string(), kMaxFileBytes);
  try {
    parse(Json::parse(text), folder, input);
  } catch (const Json::exception& e) {
    throw InvalidInput(path.string() + ": " + e.what());
  }
}

// The order of training; others after it, by name.
int stage_order(const std::string& stage) {
  if (stage == "base") return 0;
  if (stage == "sft") return 1;
  return stage == "grpo" ? 2 : 3;
}

std::vector<EvalSummary> read_stages(const fs::path& folder) {
  std::vector<EvalSummary> stages;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".json" || name == "examples.json" ||
        name == "context.json") {
      continue;
    }
    stages.push_back(
        parse_eval_summary(read_file(entry.path().string(), kMaxFileBytes),
                           entry.path().string()));
  }
  if (stages.empty()) {
    throw InvalidInput(folder.string() +
                       ": no evaluation found, expected eval/STAGE.json as "
                       "the eval phase writes it");
  }
  std::sort(stages.begin(), stages.end(),
            [](const EvalSummary& a, const EvalSummary& b) {
              return std::pair(stage_order(a.stage), a.stage) <
                     std::pair(stage_order(b.stage), b.stage);
            });
  return stages;
}

}  // namespace

ReportInput load_report_input(const std::string& run_folder) {
  const fs::path folder(run_folder);
  ReportInput input;
  input.stages = read_stages(folder / "eval");
  read_metrics(folder / "metrics.jsonl", input);
  read_optional(folder, "eval/examples.json", parse_examples, input);
  read_optional(folder, "eval/context.json", parse_context, input);
  if (input.title.empty()) input.title = folder.filename().string();
  return input;
}

std::string examples_json(const std::vector<ExampleTrajectory>& examples,
                          const std::vector<std::string>& picture_paths) {
  Json json = Json::array();
  for (size_t i = 0; i < examples.size(); ++i) {
    const ExampleTrajectory& example = examples[i];
    json.push_back(
        {{"task", example.task},
         {"query", example.query},
         {"expected", example.expected},
         {"picture", i < picture_paths.size() ? picture_paths[i] : ""},
         {"before", answer_json(example.before)},
         {"after", answer_json(example.after)}});
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string context_json(const ReportInput& input) {
  Json json = {{"title", input.title}, {"subtitle", input.subtitle}};
  json["times"] = Json::array();
  for (const PhaseTime& time : input.times) {
    json["times"].push_back({{"phase", time.phase},
                             {"seconds", time.seconds},
                             {"tokens", time.tokens}});
  }
  json["seeds"] = Json::array();
  for (const GrpoEffect& seed : input.seeds) {
    json["seeds"].push_back(effect_json(seed));
  }
  if (input.seed_mean) json["seed_mean"] = effect_json(*input.seed_mean);
  if (input.control) json["control"] = effect_json(*input.control);
  put_optional(json, "control_gap", input.control_gap);
  put_optional(json, "clean", input.clean);
  put_optional(json, "clean_gap", input.clean_gap);
  json["notes"] = input.notes;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ume
