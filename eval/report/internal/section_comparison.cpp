#include <algorithm>
#include <cmath>

#include "eval/report/compare_runs.h"
#include "eval/report/internal/html.h"
#include "eval/report/internal/sections.h"

namespace ume::html {
namespace {

std::string score_cell(const Estimate& e) {
  return "<td>" + percent(e.mean) + " <small>" + interval(e, false) +
         "</small></td>";
}

std::string optional_cell(const std::optional<Estimate>& e) {
  return "<td class=\"extra\">" + (e ? percent(e->mean) : std::string("–")) +
         "</td>";
}

std::string careful_cell(const GrpoEffect& effect) {
  if (!effect.careful_before || !effect.careful_after) {
    return "<td class=\"extra\">–</td>";
  }
  return "<td class=\"extra\">" + percent(effect.careful_before->mean, 0) +
         " → " + percent(effect.careful_after->mean, 0) + "</td>";
}

// A change and its interval on an axis from -limit to +limit.
std::string forest_cell(const Estimate& change,
                        double limit,
                        const std::string& style) {
  const auto place = [&](double value) {
    return 50.0 + 50.0 * std::clamp(value / limit, -1.0, 1.0);
  };
  const double low = place(change.low);
  return "<td class=\"forest\" aria-hidden=\"true\"><span class=\"zero\">"
         "</span><span class=\"ci\" style=\"left:" +
         number(low, 2) + "%;width:" + number(place(change.high) - low, 2) +
         "%\"></span><span class=\"point " + style +
         "\" style=\"left:" + number(place(change.mean), 2) +
         "%\"></span></td>";
}

struct Row {
  GrpoEffect effect;
  std::string kind;   // class of the table row
  std::string style;  // of the point
};

std::string effect_row(const Row& row, double limit) {
  const GrpoEffect& e = row.effect;
  return "<tr class=\"" + row.kind + "\"><th scope=\"row\">" +
         text(e.label.empty() ? "a run" : e.label, 80) + "</th>" +
         score_cell(e.before) + score_cell(e.after) +
         forest_cell(e.change, limit, row.style) + "<td><b>" +
         points(e.change.mean) + "</b> <small>" + interval(e.change, true) +
         "</small></td>" + careful_cell(e) + optional_cell(e.disc) + "</tr>\n";
}

// How the seeds lie apart, in points, under each column.
std::string spread_row(const std::string& label,
                       const std::vector<GrpoEffect>& seeds,
                       double (*of)(const SeedSpread&)) {
  const auto value = [&](Estimate GrpoEffect::*which) {
    return "<td>" + number(100 * of(seed_spread(seeds, which)), 1) + "</td>";
  };
  return "<tr class=\"spread\"><th scope=\"row\">" + label + "</th>" +
         value(&GrpoEffect::before) + value(&GrpoEffect::after) +
         "<td class=\"forest\"></td>" + value(&GrpoEffect::change) +
         "<td class=\"extra\"></td><td class=\"extra\"></td></tr>\n";
}

std::vector<Row> rows_of(const ReportInput& input) {
  std::vector<Row> rows;
  for (const GrpoEffect& seed : input.seeds) rows.push_back({seed, "", "gen"});
  if (input.seed_mean) rows.push_back({*input.seed_mean, "mean", "gen"});
  if (input.control) rows.push_back({*input.control, "control", "disc"});
  return rows;
}

double axis_limit(const std::vector<Row>& rows) {
  double limit = 0.05;
  for (const Row& row : rows) {
    limit = std::max({limit, std::abs(row.effect.change.low),
                      std::abs(row.effect.change.high)});
  }
  return 1.08 * limit;
}

std::string table(const ReportInput& input) {
  const std::vector<Row> rows = rows_of(input);
  const double limit = axis_limit(rows);
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"Seeds and control\"><table "
      "class=\"seeds\"><caption>Generative Hit@1 on "
      "the tasks that must be worked out; change in percentage points, paired "
      "by question; 95\u00a0% bootstrap intervals. disc: the embedding without "
      "reasoning, after GRPO.</caption><thead><tr><th scope=\"col\">Run</th>"
      "<th scope=\"col\">SFT</th><th scope=\"col\">GRPO</th><th "
      "scope=\"col\" class=\"forest-head\"><span>worse</span><span>better"
      "</span></th><th scope=\"col\">Change</th><th scope=\"col\" "
      "class=\"extra\">Careful</th><th scope=\"col\" "
      "class=\"extra\">disc</th></tr></thead><tbody>\n";
  for (const Row& row : rows) {
    out += effect_row(row, limit);
    if (row.kind != "mean") continue;
    out += spread_row("standard deviation", input.seeds,
                      [](const SeedSpread& s) { return s.deviation; });
    out += spread_row("spread (max − min)", input.seeds,
                      [](const SeedSpread& s) { return s.spread(); });
  }
  return out + "</tbody></table></div>\n";
}

// The smallest change of any seed against the seeds' spread.
std::string seeds_sentence(const ReportInput& input) {
  if (input.seeds.size() < 2) return "";
  const SeedSpread change = seed_spread(input.seeds, &GrpoEffect::change);
  const SeedSpread before = seed_spread(input.seeds, &GrpoEffect::before);
  const SeedSpread after = seed_spread(input.seeds, &GrpoEffect::after);
  const double widest = std::max(before.spread(), after.spread());
  return "Over " + std::to_string(input.seeds.size()) +
         " runs from different seeds the change lies between " +
         points(change.low) + " and " + points(change.high) +
         " points. The seeds lie " + number(100 * before.spread(), 1) +
         " points apart after SFT and " + number(100 * after.spread(), 1) +
         " after GRPO: the smallest change is " +
         (change.low > widest ? "larger" : "<strong>not</strong> larger") +
         " than that. ";
}

std::string control_sentence(const ReportInput& input) {
  if (!input.control) return "";
  const Estimate& change = input.control->change;
  const char* verdict = change.low > 0.0    ? "gains"
                        : change.high < 0.0 ? "loses"
                                            : "stays where it was";
  std::string out =
      "The control, whose rewards are dealt to the wrong trajectories, " +
      std::string(verdict) + " (" + points(change.mean) + ").";
  if (input.control_gap) {
    out += " It ends at " + percent(input.control->after.mean) + ", " +
           points(input.control_gap->mean) + " points " +
           interval(*input.control_gap, true) + " against this run's GRPO.";
  }
  return out;
}

std::string clean_paragraph(const ReportInput& input, const Findings& f) {
  if (!input.clean) return "";
  std::string out = "<p>Upper reference: SFT on careful traces alone reaches " +
                    percent(input.clean->mean) + " " +
                    interval(*input.clean, false) +
                    " without any GRPO; this run ends at " +
                    percent(f.last().pooled.gen.mean);
  if (input.clean_gap) {
    out += ", a difference of " + points(input.clean_gap->mean) + " points " +
           interval(*input.clean_gap, true);
  }
  return out + ".</p>\n";
}

}  // namespace

std::string evidence(const ReportInput& input, const Findings& findings) {
  if (input.seeds.empty() && !input.control) return "";
  const std::string sentences = seeds_sentence(input) + control_sentence(input);
  return section("evidence", "Does it hold up?",
                 (sentences.empty() ? "" : "<p>" + sentences + "</p>\n") +
                     table(input) + clean_paragraph(input, findings));
}

}  // namespace ume::html
