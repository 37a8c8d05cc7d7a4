#include <algorithm>

#include "eval/report/internal/html.h"
#include "eval/report/internal/sections.h"

namespace ume::html {
namespace {

std::string tile(const std::string& heading,
                 const std::string& big,
                 const std::string& small) {
  return "<div class=\"tile\"><h3>" + heading + "</h3><p class=\"big\">" + big +
         "</p><p class=\"small\">" + small + "</p></div>\n";
}

std::string arrow(const std::string& from, const std::string& to) {
  return "<span class=\"from\">" + from +
         "</span> <span aria-hidden=\"true\">→</span><span class=\"sr\"> to "
         "</span> " +
         to;
}

std::string change_text(const Estimate& e) {
  return "<strong>" + points(e.mean) + " points</strong>, 95\u00a0% interval " +
         interval(e, true);
}

// "raised …", "lowered …" or "did not measurably change …": what the interval
// says, whatever the hope was.
std::string grpo_sentence(const Findings& f) {
  const Estimate& gain = *f.grpo_gain;
  const std::string before = percent(f.stages[*f.sft].pooled.gen.mean, 0);
  const std::string after = percent(f.stages[*f.grpo].pooled.gen.mean, 0);
  if (gain.low > 0.0)
    return "GRPO raised the hits with reasoning from " + before + " to " +
           after + ".";
  if (gain.high < 0.0) {
    return "GRPO lowered the hits with reasoning from " + before + " to " +
           after + ".";
  }
  return "GRPO did not measurably change the hits with reasoning (" + before +
         " before, " + after + " after).";
}

std::string lead(const Findings& f) {
  const TaskStatistics& last = f.last().pooled;
  const bool wins = last.gen_minus_disc.low > 0.0;
  std::string out =
      "On " + count(last.num_queries) + " test questions" +
      (f.pool_is_worked_out ? std::string(" whose answer must be worked out")
                            : std::string()) +
      ", the embedding made <em>with reasoning</em> finds the "
      "right one of " +
      count(last.num_candidates) + " candidates in " +
      percent(last.gen.mean, 0) + " of cases, the one made " +
      "<em>without</em> in " + percent(last.disc.mean, 0) + ". ";
  if (!wins && last.gen_minus_disc.high >= 0.0) {
    out += "The difference is within the noise. ";
  }
  if (f.grpo_gain) out += grpo_sentence(f);
  return "<p class=\"lead\">" + out + "</p>\n";
}

std::string tiles(const Findings& f) {
  const StageFindings& last = f.last();
  std::string out = tile(
      "Reasoning against one look",
      percent(last.pooled.gen.mean, 0) + " <span class=\"from\">vs " +
          percent(last.pooled.disc.mean, 0) + "</span>",
      change_text(last.pooled.gen_minus_disc) + ", after " + text(last.title));
  if (f.grpo_gain) {
    out += tile("What GRPO adds to SFT",
                arrow(percent(f.stages[*f.sft].pooled.gen.mean, 0),
                      percent(f.stages[*f.grpo].pooled.gen.mean, 0)),
                change_text(*f.grpo_gain));
    const auto& before = f.stages[*f.sft].pooled.careful;
    const auto& after = f.stages[*f.grpo].pooled.careful;
    if (before && after) {
      out += tile("Careful reasoning",
                  arrow(percent(before->mean, 0), percent(after->mean, 0)),
                  "of greedy outputs write the answer out before giving it");
    }
  }
  return "<div class=\"tiles\">" + out + "</div>\n";
}

std::string percent_style(double share) {
  return number(100.0 * std::clamp(share, 0.0, 1.0), 2) + "%";
}

std::string bar_row(const std::string& label,
                    const Estimate& e,
                    const std::string& style,
                    const std::optional<Estimate>& reference) {
  std::string out =
      "<div class=\"bar-row\"><span class=\"bar-label\">" + text(label) +
      "</span><span class=\"bar-track\" aria-hidden=\"true\">"
      "<span class=\"bar " +
      style + "\" style=\"width:" + percent_style(e.mean) +
      "\"></span><span class=\"ci\" style=\"left:" + percent_style(e.low) +
      ";width:" + percent_style(e.high - e.low) + "\"></span>";
  if (reference) {
    out +=
        "<span class=\"mark\" style=\"left:" + percent_style(reference->mean) +
        "\"></span>";
  }
  return out + "</span><span class=\"bar-value\"><b>" + percent(e.mean) +
         "</b> <small>" + interval(e, false) + "</small></span></div>\n";
}

std::string figure(const ReportInput& input, const Findings& f) {
  const std::string metric = f.last().pooled.main_metric == "hit@1"
                                 ? "Hit@1"
                                 : f.last().pooled.main_metric;
  std::string out = "<figure class=\"bars\"><figcaption>" + text(metric) +
                    " on the test split";
  if (f.pool_is_worked_out) out += ", tasks that must be worked out";
  out += ". Thin lines: 95\u00a0% intervals";
  if (input.clean) {
    out += ". Dashed: the upper reference, SFT on careful traces alone (" +
           percent(input.clean->mean) + ")";
  }
  out +=
      ". A random order would score " +
      percent(f.last().pooled.chance, f.last().pooled.chance < 0.001 ? 2 : 1) +
      ".</figcaption>\n<h3>With reasoning (gen)</h3>\n";
  for (const StageFindings& stage : f.stages) {
    out += bar_row(stage.title, stage.pooled.gen, "gen", input.clean);
  }
  out += "<h3>Without reasoning (disc)</h3>\n";
  for (const StageFindings& stage : f.stages) {
    out += bar_row(stage.title, stage.pooled.disc, "disc", std::nullopt);
  }
  out += "<h3>Oracle: the better of both per question</h3>\n";
  for (const StageFindings& stage : f.stages) {
    out += bar_row(stage.title, stage.pooled.oracle, "oracle", std::nullopt);
  }
  return out + "</figure>\n";
}

}  // namespace

std::string headline(const ReportInput& input, const Findings& findings) {
  return lead(findings) + tiles(findings) + figure(input, findings);
}

}  // namespace ume::html
