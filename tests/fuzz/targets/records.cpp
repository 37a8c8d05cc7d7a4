#include <nlohmann/json.hpp>
#include <sstream>

#include "common/tensorfile/bounded_json.h"
#include "data/records/annotated_pairs.h"
#include "data/records/data_report.h"
#include "data/records/internal/annotated_record.h"
#include "data/records/internal/pair_records.h"
#include "data/records/pair_list.h"
#include "data/records/prompt_records.h"
#include "data/records/token_records.h"
#include "eval/tasks/evaluation_set.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch_file.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {

void prompt_records(Bytes input) {
  std::istringstream stream{std::string(as_text(input))};
  PromptReader reader(stream, "input");
  uint64_t last_line = 0;
  while (const auto line = reader.next()) {
    UME_CHECK(line->line > last_line, "lines do not go forward");
    UME_CHECK(line->input.has_value() == line->error.empty(),
              "neither a record nor a reason");
    last_line = line->line;
  }
}

// One record of `ume tokenize`, in either direction.
void token_records(Bytes input) {
  accepts([&] { parse_text_record(as_text(input), "input"); });
  accepts([&] {
    const IdsRecord record = parse_ids_record(as_text(input), "input");
    for (const int64_t id : record.ids) UME_CHECK(id >= 0, "a negative id");
  });
}

// One record of either published format.
void pair_records(Bytes input) {
  accepts([&] {
    const nlohmann::json record = parse_json(as_text(input), "input");
    accepts([&] { parse_annotated_record(record, "input", "."); });
    accepts([&] { parse_pair_record(record, "input", "."); });
  });
}

// A whole file; the first byte is the name's ending.
void record_files(Bytes input) {
  if (input.empty()) return;
  const std::string_view content = as_text(input.subspan(1));
  static constexpr const char* kNames[] = {"a.json", "a.jsonl", "a.yaml"};
  const std::string path = put_file(kNames[input[0] % 3], content);
  accepts([&] { inspect_data(path); });
  accepts([&] { read_pair_list(path); });
  accepts([&] {
    const AnnotatedPairFile file(path);
    for (size_t i = 0; i < file.size(); ++i) file.at(i);
  });
}

// tasks.json, candidates and queries, with a line "%%" between them.
void evaluation_files(Bytes input) {
  constexpr std::string_view kBetween = "\n%%\n";
  std::string_view rest = as_text(input);
  std::string tasks;
  for (const char* name : {"tasks.json", "cand.jsonl", "query.jsonl"}) {
    const size_t end = rest.find(kBetween);
    const std::string path = put_file(name, rest.substr(0, end));
    if (tasks.empty()) tasks = path;
    rest = end == std::string_view::npos ? std::string_view()
                                         : rest.substr(end + kBetween.size());
  }
  accepts([&] {
    const EvaluationSet set = read_evaluation_set(tasks, "test");
    for (const EvalTask& task : set.tasks) {
      for (const EvalQuery& query : task.queries) {
        for (const auto& named : {query.labels, query.local}) {
          for (const int64_t index : named) {
            UME_CHECK(index < static_cast<int64_t>(task.candidates.size()),
                      "a name without a candidate");
          }
        }
      }
    }
  });
}

}  // namespace ume::fuzz
