#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/error/error.h"
#include "common/files/files.h"
#include "eval/report/compare_runs.h"
#include "eval/report/internal/text_cells.h"

namespace ume {
namespace {

using Json = nlohmann::json;
using text_cells::printable;
using text_cells::with_interval;

constexpr const char* kBegin = "Recorded, not measured in this run: ";
constexpr size_t kColumns = 100;

// What a file of a recorded figure says.
struct RecordedFigure {
  std::string label;   // what was measured
  std::string metric;  // e.g. "generative hit@1"
  std::string source;  // where it is described
  std::string task;
  std::string digest;  // of the task's questions, as in eval/STAGE.json
  Estimate estimate;
};

RecordedFigure read_figure(const std::string& path) {
  const std::string text = read_file(path);
  try {
    const Json json = Json::parse(text);
    RecordedFigure figure;
    figure.label = json.at("label").get<std::string>();
    figure.metric = json.at("metric").get<std::string>();
    figure.source = json.at("source").get<std::string>();
    figure.task = json.at("task").get<std::string>();
    figure.digest = json.at("digest").get<std::string>();
    figure.estimate.mean = json.at("mean").get<double>();
    figure.estimate.low = json.at("low").get<double>();
    figure.estimate.high = json.at("high").get<double>();
    return figure;
  } catch (const Json::exception& error) {
    throw InvalidInput(path + ": " + error.what());
  }
}

bool is_of_these_questions(const RecordedFigure& figure,
                           const ReportInput& report) {
  for (const EvalSummary& stage : report.stages) {
    for (const TaskSummary& task : stage.tasks) {
      if (task.name == figure.task && task.digest == figure.digest) return true;
    }
  }
  return false;
}

// The text in lines that end before `kColumns`, each after two blanks.
std::string wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string out;
  std::string line = " ";
  for (std::string word; words >> word;) {
    if (line.size() > 1 && line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line = " ";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

}  // namespace

void add_recorded_reference(const std::string& path, ReportInput& report) {
  const RecordedFigure figure = read_figure(path);
  std::erase_if(report.notes, [](const std::string& note) {
    return note.starts_with(kBegin);
  });
  if (report.clean) return;
  std::string note = kBegin + figure.label + ", " + figure.metric + " " +
                     with_interval(figure.estimate) + " (" + figure.source +
                     ").";
  if (!is_of_these_questions(figure, report)) {
    note += " It was measured on other questions than this run.";
  }
  report.notes.push_back(note);
}

std::string note_lines(const ReportInput& report) {
  std::string text;
  for (const std::string& note : report.notes) text += wrapped(printable(note));
  return text.empty() ? text : "\n" + text;
}

}  // namespace ume
