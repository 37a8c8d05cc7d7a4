#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "eval/report/eval_summary.h"

namespace ume {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

Json query_json(const QueryOutcome& query) {
  Json json = {{"id", query.id},
               {"cluster", query.cluster},
               {"disc", query.disc},
               {"gen", query.gen},
               {"successes", query.successes},
               {"well_formed", query.well_formed}};
  if (query.careful) json["careful"] = *query.careful;
  return json;
}

QueryOutcome parse_query(const Json& json) {
  QueryOutcome query;
  query.id = json.at("id").get<std::string>();
  query.cluster = json.at("cluster").get<std::string>();
  query.disc = json.at("disc").get<double>();
  query.gen = json.at("gen").get<double>();
  query.successes = json.at("successes").get<int64_t>();
  query.well_formed = json.at("well_formed").get<bool>();
  if (json.contains("careful")) query.careful = json.at("careful").get<bool>();
  return query;
}

TaskSummary parse_task(const Json& json) {
  TaskSummary task;
  task.name = json.at("name").get<std::string>();
  task.title = json.at("title").get<std::string>();
  task.digest = json.value("digest", "");
  task.worked_out = json.at("worked_out").get<bool>();
  task.main_metric = json.at("main_metric").get<std::string>();
  task.num_candidates = json.at("num_candidates").get<int64_t>();
  task.chance = json.at("chance").get<double>();
  task.num_samples = json.at("num_samples").get<int64_t>();
  task.disc_metrics =
      json.at("disc_metrics").get<std::map<std::string, double>>();
  task.gen_metrics =
      json.at("gen_metrics").get<std::map<std::string, double>>();
  for (const Json& query : json.at("queries")) {
    task.queries.push_back(parse_query(query));
  }
  return task;
}

// One query a line, so that differences between runs can be read.
std::string queries_text(const TaskSummary& task) {
  std::string text = "[";
  for (const QueryOutcome& query : task.queries) {
    text += text.size() > 1 ? ",\n" : "\n";
    text +=
        query_json(query).dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return text + "]";
}

std::string task_text(const TaskSummary& task) {
  const Json json = {{"name", task.name},
                     {"title", task.title},
                     {"digest", task.digest},
                     {"worked_out", task.worked_out},
                     {"main_metric", task.main_metric},
                     {"num_candidates", task.num_candidates},
                     {"chance", task.chance},
                     {"num_samples", task.num_samples},
                     {"disc_metrics", task.disc_metrics},
                     {"gen_metrics", task.gen_metrics}};
  std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace);
  text.resize(text.rfind('\n'));
  return text + ",\n \"queries\": " + queries_text(task) + "}";
}

}  // namespace

std::string to_json(const EvalSummary& summary) {
  const Json json = {{"format", kFormat},
                     {"stage", summary.stage},
                     {"model", summary.model},
                     {"split", summary.split},
                     {"seed", summary.seed},
                     {"seconds", summary.seconds},
                     {"generated_tokens", summary.generated_tokens}};
  std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace);
  text.resize(text.rfind('\n'));
  text += ",\n \"tasks\": [";
  for (size_t i = 0; i < summary.tasks.size(); ++i) {
    text += (i == 0 ? "\n" : ",\n") + task_text(summary.tasks[i]);
  }
  return text + "]}\n";
}

EvalSummary parse_eval_summary(const std::string& text,
                               const std::string& source) {
  try {
    const Json json = Json::parse(text);
    if (json.at("format") != kFormat) {
      throw InvalidInput(source + ": format " + json.at("format").dump() +
                         ", expected " + std::to_string(kFormat));
    }
    EvalSummary summary;
    summary.stage = json.at("stage").get<std::string>();
    summary.model = json.at("model").get<std::string>();
    summary.split = json.at("split").get<std::string>();
    summary.seed = json.at("seed").get<int64_t>();
    summary.seconds = json.at("seconds").get<double>();
    summary.generated_tokens = json.at("generated_tokens").get<int64_t>();
    for (const Json& task : json.at("tasks")) {
      summary.tasks.push_back(parse_task(task));
    }
    check_summary(summary);
    return summary;
  } catch (const Json::exception& e) {
    throw InvalidInput(source + ": not an evaluation summary: " + e.what());
  }
}

}  // namespace ume
