#include <algorithm>
#include <set>

#include "eval/report/internal/html.h"
#include "eval/report/internal/line_chart.h"
#include "eval/report/internal/sections.h"

namespace ume::html {
namespace {

// A line of a chart: the first of these keys that a phase recorded.
struct Wanted {
  std::string label;
  std::vector<std::string> keys;
};

struct WantedChart {
  const char* title;
  bool as_percent;
  std::vector<Wanted> lines;
};

// Charts of at most kStyles lines, one for each reward component that has the
// metric PREFIX/NAME.
std::vector<WantedChart> component_charts(const ReportInput& input,
                                          const char* title,
                                          bool as_percent,
                                          const std::string& prefix) {
  constexpr size_t kStyles = 5;  // of the style sheet
  std::set<std::string> names;
  for (const StepRecord& record : input.metrics) {
    for (const auto& [key, value] : record.values) {
      if (!key.starts_with(prefix)) continue;
      const std::string name = key.substr(prefix.size());
      if (name.find('/') == std::string::npos && name != "total") {
        names.insert(name);
      }
    }
  }
  std::vector<WantedChart> charts;
  for (const std::string& name : names) {
    if (charts.empty() || charts.back().lines.size() == kStyles) {
      charts.push_back({title, as_percent, {}});
    }
    charts.back().lines.push_back({name, {prefix + name}});
  }
  return charts;
}

std::vector<WantedChart> reward_charts(const ReportInput& input) {
  std::vector<WantedChart> charts = component_charts(
      input, "Reward components (mean of both sides)", false, "reward/");
  for (const auto& more :
       {component_charts(input, "Spread of the components inside groups", false,
                         "reward_group_std/"),
        component_charts(input, "Share of the advantage's variance", true,
                         "reward_advantage_share/")}) {
    charts.insert(charts.end(), more.begin(), more.end());
  }
  return charts;
}

const std::vector<WantedChart>& sft_charts() {
  static const std::vector<WantedChart> charts = {
      {"Next-token loss",
       false,
       {{"query", {"ce_query"}}, {"target", {"ce_target"}}}},
      {"Contrastive loss (InfoNCE)",
       false,
       {{"gen", {"info_nce_gen"}}, {"disc", {"info_nce_disc"}}}},
      {"Total loss", false, {{"loss", {"loss"}}}},
      {"Gradient norm", false, {{"gradient norm", {"grad_norm"}}}},
  };
  return charts;
}

const std::vector<WantedChart>& grpo_charts() {
  static const std::vector<WantedChart> charts = {
      {"Reward",
       false,
       {{"query", {"reward/query/total", "query/reward"}},
        {"target", {"reward/target/total", "target/reward"}}}},
      {"Careful reasoning in samples",
       true,
       {{"query", {"reward/query/answer_in_reasoning"}},
        {"target", {"reward/target/answer_in_reasoning"}}}},
      {"Distance to the reference (KL per token)", false, {{"KL", {"kl"}}}},
      {"Completion length (tokens)",
       false,
       {{"query", {"query/completions/mean_length"}},
        {"target", {"target/completions/mean_length"}},
        {"both", {"completions/mean_length"}}}},
      {"Groups without a signal (all rewards equal)",
       true,
       {{"share", {"frac_reward_zero_std"}}}},
  };
  return charts;
}

Series series_of(const ReportInput& input,
                 const std::string& phase,
                 const Wanted& wanted) {
  Series series;
  series.label = wanted.label;
  for (const std::string& key : wanted.keys) {
    for (const StepRecord& record : input.metrics) {
      if (record.phase != phase) continue;
      const auto at = record.values.find(key);
      if (at == record.values.end()) continue;
      series.points.emplace_back(static_cast<double>(record.step), at->second);
    }
    if (!series.points.empty()) break;
  }
  // Steps that were replayed after a restart count once, the last time.
  std::stable_sort(
      series.points.begin(), series.points.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::reverse(series.points.begin(), series.points.end());
  series.points.erase(std::unique(series.points.begin(), series.points.end(),
                                  [](const auto& a, const auto& b) {
                                    return a.first == b.first;
                                  }),
                      series.points.end());
  std::reverse(series.points.begin(), series.points.end());
  return series;
}

std::string charts_of(const ReportInput& input,
                      const std::string& phase,
                      const std::vector<WantedChart>& wanted) {
  std::string out;
  for (const WantedChart& one : wanted) {
    LineChart chart;
    chart.title = one.title;
    chart.x_label = "step";
    chart.as_percent = one.as_percent;
    chart.smooth = true;
    int style = 0;
    for (const Wanted& line : one.lines) {
      Series series = series_of(input, phase, line);
      if (series.points.empty()) continue;
      // "both" stands in for sides that were not recorded.
      if (line.label == "both" && !chart.series.empty()) {
        continue;
      }
      series.style = ++style;
      chart.series.push_back(std::move(series));
    }
    out += line_chart(chart);
  }
  return out;
}

std::string with_heading(const std::string& heading, const std::string& body) {
  if (body.empty()) return "";
  return "<h3>" + heading + "</h3>\n<div class=\"charts\">" + body + "</div>\n";
}

void add(std::string& list, const std::string& sentence) {
  list += "<li>" + sentence + "</li>\n";
}

void add_grpo_notes(std::string& list,
                    const ReportInput& input,
                    const Findings& f) {
  const TaskStatistics& before = f.stages[*f.sft].pooled;
  const TaskStatistics& after = f.stages[*f.grpo].pooled;
  if (before.careful && after.careful) {
    add(list,
        "<strong>What GRPO does:</strong> it shifts how often the model "
        "uses each style of reasoning that SFT taught it. Careful "
        "reasoning went from " +
            percent(before.careful->mean, 0) + " to " +
            percent(after.careful->mean, 0) +
            " of the greedy outputs, from the retrieval reward alone: "
            "nobody told it which style is better.");
  }
  add(list,
      "<strong>What GRPO does not do:</strong> it teaches no new facts. "
      "What the model can look up comes from its base and from SFT.");
  if (input.clean) {
    const bool below = after.gen.mean < input.clean->mean;
    add(list, "SFT on careful traces alone reaches " +
                  percent(input.clean->mean) + ", " +
                  (below ? "more than" : "no more than") +
                  " this run's mixed traces with GRPO (" +
                  percent(after.gen.mean) + "). So this shows that RL finds " +
                  "the better of two taught strategies" +
                  (below ? ", not that RL beats the best possible SFT." : "."));
  }
  if (f.disc_change) {
    add(list, "The embedding without reasoning changed by " +
                  points(f.disc_change->mean) + " points " +
                  interval(*f.disc_change, true) +
                  " during GRPO, which does not train it.");
  }
}

}  // namespace

std::string training(const ReportInput& input) {
  const std::string body =
      with_heading("SFT", charts_of(input, "sft", sft_charts())) +
      with_heading("GRPO", charts_of(input, "grpo", grpo_charts()) +
                               charts_of(input, "grpo", reward_charts(input)));
  return section("training", "Training", body);
}

std::string times(const ReportInput& input) {
  if (input.times.empty()) return "";
  std::string rows;
  double total = 0.0;
  for (const PhaseTime& phase : input.times) {
    total += phase.seconds;
    const bool counted = phase.tokens > 0 && phase.seconds > 0.0;
    rows += "<tr><th scope=\"row\">" + text(phase.phase, 80) + "</th><td>" +
            duration(phase.seconds) + "</td><td>" +
            (phase.tokens > 0 ? count(phase.tokens) : "–") + "</td><td>" +
            (counted ? count(static_cast<int64_t>(
                           static_cast<double>(phase.tokens) / phase.seconds))
                     : "–") +
            "</td></tr>\n";
  }
  rows += "<tr class=\"total\"><th scope=\"row\">all</th><td>" +
          duration(total) + "</td><td></td><td></td></tr>\n";
  return section(
      "time", "Time",
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Time "
      "per phase\"><table><thead><tr><th scope=\"col\">Phase</th><th "
      "scope=\"col\">Time</th><th scope=\"col\">Tokens</th><th "
      "scope=\"col\">Tokens/s</th></tr></thead><tbody>\n" +
          rows + "</tbody></table></div>\n");
}

std::string notes(const ReportInput& input, const Findings& findings) {
  std::string list;
  if (findings.grpo_gain) add_grpo_notes(list, input, findings);
  const TaskStatistics& last = findings.last().pooled;
  add(list, "Intervals come from a bootstrap over " +
                count(last.gen.num_clusters) +
                " independent units (all forms of one question are drawn "
                "together); comparisons are paired by question. They cover "
                "the choice of test questions, not of training seeds.");
  for (const std::string& note : input.notes) add(list, text(note, 1000));
  return section("notes", "Read this before quoting a number",
                 "<ul class=\"notes\">" + list + "</ul>\n");
}

}  // namespace ume::html
