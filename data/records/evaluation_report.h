#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/records/data_report.h"

namespace ume {

struct FileReport {
  std::filesystem::path file;
  DataReport report;
};

// Whether the file is a tasks.json (docs/formats/evaluation.md): one object
// with "tasks". False for what cannot be read.
bool is_evaluation_tasks(const std::filesystem::path& path);

// A report for each query and candidate file that a tasks.json names, in its
// order. Queries that cannot be ranked among the candidates of their task
// (find_ranking_problem) are problems, too. Media are looked for in the file's
// media root, unless options.media_roots is null. Throws InvalidInput for a
// tasks.json that is not as it should be and for files without records;
// IoError.
std::vector<FileReport> inspect_evaluation_tasks(
    const std::filesystem::path& path, const DataReportOptions& options = {});

}  // namespace ume
