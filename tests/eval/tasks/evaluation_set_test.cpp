#include "eval/tasks/evaluation_set.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "data/records/evaluation_report.h"
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

  void write(const ScratchFolder& folder) const {
    folder.write("tasks.json", tasks.dump());
    folder.write("query.jsonl", query.dump() + "\n\n");
    folder.write("cand.jsonl", candidates);
  }

  EvaluationSet read() const {
    const ScratchFolder folder;
    write(folder);
    return read_evaluation_set(folder / "tasks.json", "test");
  }

  // What `ume data validate` has against the queries.
  std::vector<std::string> problems() const {
    const ScratchFolder folder;
    write(folder);
    return inspect_evaluation_tasks(folder / "tasks.json")
        .at(0)
        .report.problems;
  }

  void add_candidate(const std::string& name) {
    const Json row = {{"cand_text", {name}},
                      {"cand_image", {nullptr}},
                      {"dataset_infos", {{"cand_name", name}}}};
    candidates += row.dump() + "\n";
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
    CHECK_THAT(files.refusal(),
               Catch::Contains("tasks.json: tasks[0]: field '" +
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

TEST_CASE("evaluation set: only a local task ranks a row's own candidates") {
  Files files;
  files.add_candidate("c");
  files.add_candidate("d");
  files.query["dataset_infos"] = {{"cand_names", {"d", "b", "a"}},
                                  {"label_name", {"a", "d"}},
                                  {"rel_scores", {1, 2.5}}};
  const EvalTask global = files.read().tasks[0];
  CHECK(global.queries[0].labels == std::vector<int64_t>{0, 3});
  CHECK(global.queries[0].grades == std::vector<double>{1, 2.5});
  CHECK(global.queries[0].local.empty());
  files.tasks["tasks"][0]["ranking"] = "local";
  const EvalTask local = files.read().tasks[0];
  CHECK(local.queries[0].labels == global.queries[0].labels);
  CHECK(local.queries[0].grades == global.queries[0].grades);
  CHECK(local.queries[0].local == std::vector<int64_t>{3, 1, 0});
}

TEST_CASE(
    "evaluation set: chance counts distinct labels among what is ranked") {
  Files files;
  for (const char* name : {"c", "d", "e"}) files.add_candidate(name);
  CHECK(files.read().tasks[0].chance == Approx(1.0 / 5));
  files.query["dataset_infos"] = {{"cand_names", {"b", "c", "d", "b"}},
                                  {"label_name", {"b", "d", "b"}}};
  CHECK(files.read().tasks[0].chance == Approx(2.0 / 5));
  files.tasks["tasks"][0]["ranking"] = "local";
  CHECK(files.read().tasks[0].chance == Approx(2.0 / 3));
}

TEST_CASE("evaluation set: chance is the mean over the queries") {
  Files files;
  files.add_candidate("c");
  const ScratchFolder folder;
  files.write(folder);
  Json second = files.query;
  second["id"] = "r";
  second["dataset_infos"]["label_name"] = {"a", "b"};
  folder.write("query.jsonl", files.query.dump() + "\n" + second.dump());
  // By hand: 1 of 3 and 2 of 3.
  CHECK(read_evaluation_set(folder / "tasks.json", "test").tasks[0].chance ==
        Approx(0.5));
}

TEST_CASE("evaluation set: a ranking of another name is refused by its task") {
  Files files;
  files.tasks["tasks"][0]["ranking"] = "locl";
  const std::string expected =
      "tasks.json: tasks[0].ranking: expected \"global\" or \"local\", found "
      "\"locl\"";
  CHECK_THAT(files.refusal(), Catch::Contains(expected));
  CHECK_THROWS_WITH(files.problems(), Catch::Contains(expected));
}

TEST_CASE("evaluation set: what validation finds in names is refused, too") {
  const auto both_say = [](const Files& files, const std::string& what) {
    INFO(what);
    CHECK_THAT(files.refusal(), Catch::Contains("query.jsonl:1: " + what));
    REQUIRE(files.problems().size() == 1);
    CHECK_THAT(files.problems()[0],
               Catch::Contains("query.jsonl, line 1: " + what));
  };
  Files files;
  CHECK(files.problems().empty());
  Json& infos = files.query["dataset_infos"];
  infos = {{"cand_names", {"Nope"}}, {"label_name", "Nope"}};
  both_say(files, "dataset_infos.label_name: expected a name of ");
  infos = {{"cand_names", {"a"}}, {"label_name", "b"}};
  both_say(files, "dataset_infos.label_name: expected one of cand_names");
  // Other own candidates are none of a global task's business.
  infos = {{"cand_names", {"Nope", "b"}}, {"label_name", "b"}};
  CHECK(files.refusal() == "accepted");
  CHECK(files.problems().empty());
  files.tasks["tasks"][0]["ranking"] = "local";
  both_say(files, "dataset_infos.cand_names: expected a name of ");
  infos.erase("cand_names");
  both_say(files, "dataset_infos.cand_names: expected the query's own");
}

}  // namespace
}  // namespace ume
