#include "launch/commands/commands.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/error/error.h"
#include "common/text/printable.h"
#include "data/records/evaluation_report.h"
#include "launch/command_line.h"
#include "launch/number_checks.h"

namespace ume {
namespace {

struct DataArguments {
  std::vector<std::string> files;
  std::string media_root;  // empty: each file's folder
  bool no_media = false;
  bool json = false;
  uint64_t max_problems = 100;
};

// One file's report, or why there is none.
struct Inspected {
  std::string file;
  std::string error;
  DataReport report;
};

void inspect_file(const DataArguments& a,
                  const std::string& file,
                  std::vector<Inspected>& results) {
  try {
    const std::filesystem::path folder =
        a.media_root.empty() ? std::filesystem::absolute(file).parent_path()
                             : std::filesystem::path(a.media_root);
    DataReportOptions options;
    options.max_problems = a.max_problems;
    std::optional<MediaRoots> roots;
    if (!a.no_media && std::filesystem::exists(file)) {
      roots.emplace(std::map<std::string, std::string>{{".", folder.string()}});
      options.media_roots = &*roots;
    }
    if (is_evaluation_tasks(file)) {
      for (FileReport& r : inspect_evaluation_tasks(file, options)) {
        results.push_back({r.file.string(), "", std::move(r.report)});
      }
    } else {
      results.push_back({file, "", inspect_data(file, options)});
    }
  } catch (const InvalidInput& error) {  // the other files are still read
    results.push_back({file, error.what(), {}});
  }
}

std::vector<Inspected> inspect_all(const DataArguments& a) {
  std::vector<Inspected> results;
  for (const std::string& file : a.files) inspect_file(a, file, results);
  return results;
}

void print_json(const Inspected& result) {
  nlohmann::json json = {{"file", result.file}};
  if (result.error.empty()) {
    json.update(nlohmann::json::parse(data_report_json(result.report)));
  } else {
    json["error"] = result.error;
  }
  std::puts(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                .c_str());
}

// A problem quotes the file, and a terminal obeys what is in it.
void put_line(const std::string& text) {
  std::puts(printable(text, kMaxShownBytes).c_str());
}

void print_problems(const Inspected& result) {
  const DataReport& report = result.report;
  // A tasks.json names files, too.
  const std::string file = printable(result.file, kMaxShownBytes);
  for (const std::string& problem : report.problems) put_line(problem);
  if (report.num_problems > report.problems.size()) {
    std::printf("%s: and %" PRIu64 " more problems\n", file.c_str(),
                report.num_problems - report.problems.size());
  }
  std::printf("%s: %s, %" PRIu64 " records, %" PRIu64 " bad\n", file.c_str(),
              std::string(data_kind_name(report.kind)).c_str(),
              report.num_records, report.num_bad);
}

void print_side(const char* name, const SideReport& side, DataKind kind) {
  const uint64_t records =
      side.num_text_only + side.num_with_images + side.num_with_video;
  const double mean = records == 0 ? 0.0
                                   : static_cast<double>(side.text_characters) /
                                         static_cast<double>(records);
  std::printf("  %-9s %" PRIu64 " of text alone, %" PRIu64
              " with pictures (%" PRIu64 "), %" PRIu64 " with a video (%" PRIu64
              " frames); %.1f characters each\n",
              name, side.num_text_only, side.num_with_images, side.num_images,
              side.num_with_video, side.num_frames, mean);
  if (kind != DataKind::kAnnotatedPairs) return;
  const double answers =
      static_cast<double>(std::max<uint64_t>(side.num_well_formed, 1));
  std::printf("  %-9s %" PRIu64
              " well-formed answers, %.1f characters of "
              "reasoning and %.1f of summary each; %" PRIu64
              " questions with <disc_emb>\n",
              "", side.num_well_formed,
              static_cast<double>(side.reasoning_characters) / answers,
              static_cast<double>(side.summary_characters) / answers,
              side.num_with_disc_token);
}

void print_stats(const Inspected& result) {
  const DataReport& report = result.report;
  print_problems(result);
  std::printf("  %-9s %" PRIu64 " files, %" PRIu64 " missing\n", "media",
              report.num_media_files, report.num_missing_media);
  const bool two = has_two_sides(report.kind);
  print_side(two ? "query" : "records", report.query, report.kind);
  if (!two) return;
  print_side("target", report.target, report.kind);
  for (const auto& [source, count] : report.sources) {
    // As JSON: the name is the file's, and a terminal is no place for it raw.
    const std::string name = nlohmann::json(source).dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::printf("  %-9s %" PRIu64 " from %s\n", "source", count,
                source.empty() ? "(no dataset_name)" : name.c_str());
  }
}

// Prints each file's report with `print`. Throws InvalidInput at the end if a
// file could not be read or, with `refuse_problems`, has a problem.
void report_all(const DataArguments& a,
                void (*print)(const Inspected&),
                bool refuse_problems) {
  size_t num_bad = 0;
  const std::vector<Inspected> results = inspect_all(a);
  for (const Inspected& result : results) {
    const bool is_unread = !result.error.empty();
    if (is_unread || (refuse_problems && result.report.num_problems > 0)) {
      ++num_bad;
    }
    if (a.json) {
      print_json(result);
    } else if (is_unread) {
      put_line(result.error);
    } else {
      print(result);
    }
  }
  if (num_bad > 0) {
    throw InvalidInput(std::to_string(num_bad) + " of " +
                       std::to_string(results.size()) + " files have problems");
  }
}

CLI::App* add_subcommand(CLI::App& data,
                         const char* name,
                         const char* help,
                         DataArguments& a) {
  CLI::App* command = data.add_subcommand(name, help);
  command
      ->add_option("files", a.files,
                   "training files (.json, .jsonl, .yaml lists), prompts, "
                   "evaluation rows or a tasks.json")
      ->required();
  command->add_option("--media-root", a.media_root,
                      "what media paths start from; default: each file's "
                      "folder, of a tasks.json its media_root");
  command->add_flag("--no-media", a.no_media,
                    "do not look whether media files are there");
  command->add_option("--max-problems", a.max_problems, "named of each file")
      ->check(whole_number(0, INT64_MAX))
      ->capture_default_str();
  command->add_flag("--json", a.json, "one JSON object a file");
  return command;
}

}  // namespace

void add_data_command(CLI::App& app) {
  auto a = std::make_shared<DataArguments>();
  CLI::App* data = app.add_subcommand("data", "look into data files");
  data->require_subcommand(1);
  CLI::App* validate = add_subcommand(
      *data, "validate", "name what is wrong, with line and field", *a);
  add_example(*validate,
              "ume data validate examples/emoji/data/eval/tasks.json");
  validate->callback([a] { report_all(*a, print_problems, true); });
  CLI::App* stats = add_subcommand(
      *data, "stats", "count records, media, texts and sources", *a);
  add_example(*stats, "ume data stats --json train.jsonl");
  stats->callback([a] { report_all(*a, print_stats, false); });
}

}  // namespace ume
