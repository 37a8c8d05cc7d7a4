#include "eval/tasks/evaluation_set.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using Json = nlohmann::json;

struct Files {
  Json tasks = Json::parse(R"({"media_root": "..", "tasks": [
      {"name": "t", "split": "test", "primary": true,
       "candidates": "cand.jsonl", "queries": "query.jsonl"}]})");
  Json query = Json::parse(R"({"id": "q", "query_text": [" x "],
      "query_image": [null], "dataset_infos": {"label_name": "b"}})");
  std::string candidates = R"({"cand_text":["a"],"cand_image":[null],)"
                           R"("dataset_infos":{"cand_name":"a"}})"
                           "\n"
                           R"({"cand_text":["b"],"cand_image":[null],)"
                           R"("dataset_infos":{"cand_name":"b"}})"
                           "\n";

  EvaluationSet read() const {
    const ScratchFolder folder;
    std::ofstream(folder / "tasks.json") << tasks;
    std::ofstream(folder / "query.jsonl") << query << "\n\n";
    std::ofstream(folder / "cand.jsonl") << candidates;
    return read_evaluation_set(folder / "tasks.json", "test");
  }

  std::string refusal() const {
    try {
      read();
      return "accepted";
    } catch (const InvalidInput& error) {
      return error.what();
    }
  }
};

TEST_CASE("evaluation set: queries, candidates and shared prompts are joined") {
  const EvaluationSet set = Files().read();
  REQUIRE(set.tasks.size() == 1);
  const EvalTask& task = set.tasks[0];
  CHECK(task.primary);
  CHECK(task.candidate_names == std::vector<std::string>{"a", "b"});
  REQUIRE(task.queries.size() == 1);
  CHECK(task.queries[0].id == "q");
  CHECK(task.queries[0].labels == std::vector<int64_t>{1});
  CHECK(set.prompts[static_cast<size_t>(task.queries[0].prompt)].text == "x");
}

TEST_CASE("evaluation set: a field of another type is named, never a crash") {
  for (const char* name : {"id", "cluster", "form"}) {
    Files files;
    files.query[name] = 7;
    CHECK_THAT(files.refusal(), Catch::Contains("query.jsonl:1: field '" +
                                                std::string(name) + "'"));
  }
  for (const char* name : {"description", "unseen", "primary", "candidates"}) {
    Files files;
    files.tasks["tasks"][0][name] = 7;
    CHECK_THAT(files.refusal(), Catch::Contains("tasks.json: field '" +
                                                std::string(name) + "'"));
  }
  Files files;
  files.tasks["media_root"] = {1};
  CHECK_THAT(files.refusal(), Catch::Contains("field 'media_root'"));
  files = Files();
  files.query["dataset_infos"]["label_name"] = {1, 2};
  CHECK_THAT(files.refusal(),
             Catch::Contains("query.jsonl:1: dataset_infos.label_name: "
                             "expected texts, found 1"));
}

TEST_CASE("evaluation set: the place-holder says the kind and is removed") {
  Files files;
  files.query["query_text"] = {"<|video_pad|>\n What?"};
  files.query["query_image"] = {{{"paths", {"a.png", "b.png"}}}};
  const PromptRecord prompt = files.read().prompts.back();
  CHECK(prompt.text == "What?");
  CHECK(prompt.images.empty());
  REQUIRE(prompt.frames.size() == 2);
  CHECK(prompt.frames[1].path == "b.png");
}

TEST_CASE("evaluation set: a line without end is refused by its number") {
  Files files;
  files.candidates += std::string(2 << 20, 'x');
  CHECK_THAT(files.refusal(), Catch::Contains("cand.jsonl:3: longer than"));
}

}  // namespace
}  // namespace ume
