#include <algorithm>

#include "eval/report/internal/html.h"
#include "eval/report/internal/line_chart.h"
#include "eval/report/internal/sections.h"

namespace ume::html {
namespace {

std::string metric_cell(const Estimate& e) {
  return "<td>" + number(e.mean) + " <small>" + number(e.low) + "–" +
         number(e.high) + "</small></td>";
}

std::string task_row(const StageFindings& stage,
                     const TaskStatistics& task,
                     const std::vector<int64_t>& ks) {
  std::string out = "<tr><th scope=\"row\">" + text(stage.title) + "</th>" +
                    metric_cell(task.disc) + metric_cell(task.gen) + "<td>" +
                    number(task.oracle.mean) + "</td>";
  for (int64_t k : ks) {
    const auto at = task.pass.find(k);
    out +=
        "<td>" +
        (at == task.pass.end() ? std::string("–") : number(at->second.mean)) +
        "</td>";
  }
  out += "<td>" +
         (task.careful ? percent(task.careful->mean, 0) : std::string("–")) +
         "</td>";
  return out + "<td>" + percent(task.well_formed.mean, 0) + "</td></tr>\n";
}

std::string task_rows(const Findings& f,
                      const std::string& name,
                      const std::vector<int64_t>& ks) {
  std::string out;
  for (const StageFindings& stage : f.stages) {
    for (const TaskStatistics& task : stage.tasks) {
      if (task.name != name) continue;
      if (out.empty()) {
        out =
            "<tr class=\"task\"><th scope=\"rowgroup\" colspan=\"" +
            std::to_string(6 + ks.size()) + "\">" +
            text(task.title.empty() ? task.name : task.title, 120) +
            (task.worked_out ? " <span class=\"tag\">worked out</span>" : "") +
            " <small>" + count(task.num_queries) + " queries, " +
            count(task.num_candidates) + " candidates, chance " +
            number(task.chance, task.chance < 0.01 ? 4 : 3) +
            "</small></th></tr>\n";
      }
      out += task_row(stage, task, ks);
    }
  }
  return out.empty() ? out : "<tbody>" + out + "</tbody>\n";
}

// Names in order of first appearance over the stages.
std::vector<std::string> task_names(const Findings& f) {
  std::vector<std::string> names;
  for (const StageFindings& stage : f.stages) {
    for (const TaskStatistics& task : stage.tasks) {
      if (std::find(names.begin(), names.end(), task.name) == names.end()) {
        names.push_back(task.name);
      }
    }
  }
  return names;
}

std::vector<int64_t> all_ks(const Findings& f) {
  std::vector<int64_t> ks;
  for (const StageFindings& stage : f.stages) {
    for (const TaskStatistics& task : stage.tasks) {
      for (const auto& [k, pass] : task.pass) ks.push_back(k);
    }
  }
  std::sort(ks.begin(), ks.end());
  ks.erase(std::unique(ks.begin(), ks.end()), ks.end());
  return ks;
}

LineChart pass_chart(const Findings& f) {
  LineChart chart;
  chart.title = "pass@k: one of k sampled reasonings finds the answer";
  chart.x_label = "k samples";
  chart.log2_x = chart.as_percent = chart.points_marked = true;
  chart.y_min = 0.0;
  int style = 1 + static_cast<int>(f.stages.size());
  for (const StageFindings& stage : f.stages) {
    Series series{stage.title, {}, std::clamp(--style, 1, 5), {}};
    for (const auto& [k, pass] : stage.pooled.pass) {
      series.points.emplace_back(static_cast<double>(k), pass.mean);
      series.intervals.emplace_back(pass.low, pass.high);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

std::string careful_table(const Findings& f) {
  std::string rows;
  for (const StageFindings& stage : f.stages) {
    if (!stage.pooled.careful) continue;
    const Estimate& careful = *stage.pooled.careful;
    rows += "<div class=\"bar-row\"><span class=\"bar-label\">" +
            text(stage.title) +
            "</span><span class=\"bar-track\" aria-hidden=\"true\"><span "
            "class=\"bar careful\" style=\"width:" +
            number(100 * careful.mean, 2) +
            "%\"></span></span><span class=\"bar-value\"><b>" +
            percent(careful.mean) + "</b> <small>" + interval(careful, false) +
            "</small></span></div>\n";
  }
  if (rows.empty()) return "";
  return "<figure class=\"bars chart\"><figcaption>Share of careful reasoning: "
         "the look-up is written out before the answer (greedy "
         "outputs)</figcaption>" +
         rows + "</figure>\n";
}

}  // namespace

std::string tasks(const ReportInput&, const Findings& findings) {
  const std::vector<int64_t> ks = all_ks(findings);
  std::string head =
      "<th scope=\"col\">Stage</th><th scope=\"col\">disc</th><th "
      "scope=\"col\">gen</th><th scope=\"col\">oracle</th>";
  for (int64_t k : ks) {
    head += "<th scope=\"col\">pass@" + std::to_string(k) + "</th>";
  }
  head += "<th scope=\"col\">careful</th><th scope=\"col\">format</th>";
  std::string body;
  for (const std::string& name : task_names(findings)) {
    body += task_rows(findings, name, ks);
  }
  const std::string metric = findings.last().pooled.main_metric;
  return section(
      "tasks", "Every task",
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"Results per task\"><table class=\"wide\"><caption>" +
          text(metric) +
          " with 95\u00a0% bootstrap intervals. disc: one forward pass; gen: "
          "after greedy reasoning; oracle: the better of both per query; "
          "format: well-formed greedy outputs.</caption><thead><tr>" +
          head + "</tr></thead>\n" + body + "</table></div>\n");
}

std::string reasoning(const ReportInput&, const Findings& findings) {
  const std::string body =
      line_chart(pass_chart(findings)) + careful_table(findings);
  if (body.empty()) return "";
  return section("reasoning", "What reasoning does",
                 "<div class=\"charts\">" + body + "</div>\n");
}

}  // namespace ume::html
