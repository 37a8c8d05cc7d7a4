#include "launch/results/report_examples.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "eval/tasks/score_tasks.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using Json = nlohmann::json;

std::string candidate_row(const std::string& name) {
  return Json({{"cand_text", {name}},
               {"cand_image", {nullptr}},
               {"dataset_infos", {{"cand_name", name}}}})
             .dump() +
         "\n";
}

std::string query_row(const std::string& text, const Json& labels) {
  return Json({{"id", text},
               {"query_text", {text}},
               {"query_image", {nullptr}},
               {"dataset_infos", {{"label_name", labels}}}})
             .dump() +
         "\n";
}

// An evaluated run: the answer to "many" is a or b, that to "one" is c.
class EvaluatedRun {
 public:
  EvaluatedRun() {
    folder_.write("data/c.jsonl",
                  candidate_row("a") + candidate_row("b") + candidate_row("c"));
    folder_.write("data/q.jsonl",
                  query_row("many", {"a", "b"}) + query_row("one", "c"));
    const Json task = {{"name", "t"},
                       {"split", "test"},
                       {"primary", true},
                       {"queries", "q.jsonl"},
                       {"candidates", "c.jsonl"}};
    config.eval.tasks =
        folder_.write("data/tasks.json", Json({{"tasks", {task}}}).dump())
            .string();
    config.eval.processes = 1;
    set_ = read_evaluation_set(config.eval.tasks, config.eval.split);
  }

  // many, one: the names that the two queries' embeddings are equal to.
  void add_stage(const std::string& stage,
                 const std::string& many,
                 const std::string& one) const {
    const std::map<std::string, std::vector<float>> places = {
        {"a", {1, 0, 0}}, {"b", {0, 1, 0}}, {"c", {0, 0, 1}}};
    std::vector<EncodedPrompt> prompts(set_.prompts.size());
    for (size_t i = 0; i < prompts.size(); ++i) {
      const std::string& text = set_.prompts[i].text;
      const std::string& place = text == "many"  ? many
                                 : text == "one" ? one
                                                 : text;
      prompts[i].disc = prompts[i].gen = places.at(place);
      prompts[i].gen_in_completion = true;
      prompts[i].completion = "<answer>" + place;
    }
    EvalSummary summary = score_tasks(set_, prompts);
    summary.stage = stage;
    const std::string eval = directory().eval().string();
    std::filesystem::create_directories(eval + "/shards/" + stage);
    write_shard(eval + "/shards/" + stage, {0, 1}, prompts);
    folder_.write("run/eval/" + stage + ".json", to_json(summary));
  }

  // By query.
  std::map<std::string, Json> examples() const {
    write_examples(config, directory());
    std::ifstream file(directory().eval() / "examples.json");
    std::map<std::string, Json> found;
    for (const Json& example : Json::parse(file)) {
      found[example.at("query").get<std::string>()] = example;
    }
    return found;
  }

  RunDirectory directory() const { return {folder_ / "run"}; }

  RunConfig config;

 private:
  ScratchFolder folder_;
  EvaluationSet set_;
};

TEST_CASE("an example's answer is right when it is any of the right ones") {
  EvaluatedRun run;
  run.add_stage("sft", "c", "c");
  run.add_stage("grpo", "b", "a");
  auto examples = run.examples();
  REQUIRE(examples.size() == 2);
  CHECK(examples["many"]["before"]["correct"] == false);
  CHECK(examples["many"]["after"]["top_candidate"] == "b");
  CHECK(examples["many"]["after"]["correct"] == true);
  CHECK(examples["one"]["before"]["correct"] == true);
  CHECK(examples["one"]["after"]["correct"] == false);
}

}  // namespace
}  // namespace ume
