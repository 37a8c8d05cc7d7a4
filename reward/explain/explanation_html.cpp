#include <algorithm>
#include <cmath>
#include <cstdio>

#include "common/text/utf8.h"
#include "reward/explain/explanation.h"

namespace ume {
namespace {

constexpr const char* kStyle = R"(
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;
padding:0 1rem;color:#1c1c1c;background:#fff}
h1{font-size:1.4rem;margin-bottom:0}h2{font-size:1.1rem;margin-top:2.2rem}
.hash{color:#666;font:12px ui-monospace,monospace}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
td,th{padding:.25rem .6rem;border-bottom:1px solid #e3e3e3;text-align:left;
vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums;
white-space:nowrap}th{font-weight:600}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f6f4;
padding:.6rem;margin:.3rem 0;max-height:14rem;overflow:auto}
.bad{color:#a4262c}.map{overflow-x:auto}svg text{font:11px system-ui}
)";

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : replace_invalid_utf8(text)) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c;
    }
  }
  return out;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

std::string cell_html(const RewardCell& cell) {
  if (cell.state == CellState::kValue) return number(cell.value);
  return std::string("<span class=bad>") +
         (cell.state == CellState::kInvalid ? "invalid" : "failed") + "</span>";
}

// Blue for near (1), white at 0, orange for far (-1); grey: none.
std::string colour(double similarity) {
  if (std::isnan(similarity)) return "#d9d9d9";
  const double s = std::clamp(similarity, -1.0, 1.0);
  const auto mix = [&](int end) {
    return static_cast<int>(std::lround(255 + (end - 255) * std::abs(s)));
  };
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", mix(s > 0 ? 12 : 200),
                mix(s > 0 ? 68 : 90), mix(s > 0 ? 124 : 10));
  return text;
}

std::string cell_rect(const ExplainedSide& side,
                      size_t row,
                      size_t column,
                      double width) {
  const double value = side.rows[row].similarity[column];
  const ExplainedColumn& with = side.columns[column];
  char place[120];
  std::snprintf(place, sizeof place,
                "<rect x=\"%.2f\" y=\"%zu\" width=\"%.2f\" height=\"18\" ",
                80 + width * static_cast<double>(column), 24 + 20 * row, width);
  return place +
         ("fill=\"" + colour(value) + "\"><title>sample " +
          std::to_string(side.rows[row].sample) + " and pair " +
          escaped(with.pair) + ", sample " + std::to_string(with.sample) +
          ": " + (std::isnan(value) ? "no embedding" : number(value)) +
          "</title></rect>\n");
}

// Frames around the own pair's columns.
std::string own_frame(const ExplainedSide& side, double width) {
  const auto is_own = [](const ExplainedColumn& c) { return c.own; };
  const auto first =
      std::find_if(side.columns.begin(), side.columns.end(), is_own);
  if (first == side.columns.end()) return "";
  const auto count = std::count_if(first, side.columns.end(), is_own);
  char text[240];
  const double x =
      80 + width * static_cast<double>(first - side.columns.begin());
  std::snprintf(text, sizeof text,
                "<rect x=\"%.2f\" y=\"22\" width=\"%.2f\" height=\"%zu\" "
                "fill=\"none\" stroke=\"#000\" stroke-width=\"2\"/>"
                "<text x=\"%.2f\" y=\"16\">own pair</text>\n",
                x, width * static_cast<double>(count),
                20 * side.rows.size() + 2, x);
  return text;
}

std::string heat_map(const ExplainedSide& side) {
  const double width = std::clamp(
      1000.0 / std::max<double>(1.0, side.columns.size()), 4.0, 24.0);
  char open[160];
  std::snprintf(open, sizeof open,
                "<div class=map><svg role=\"img\" width=\"%.0f\" "
                "height=\"%zu\"><title>Similarities</title>\n",
                100 + width * static_cast<double>(side.columns.size()),
                30 + 20 * side.rows.size());
  std::string out = open;
  for (size_t row = 0; row < side.rows.size(); ++row) {
    out += "<text x=\"0\" y=\"" + std::to_string(37 + 20 * row) + "\">sample " +
           std::to_string(side.rows[row].sample) + "</text>\n";
    for (size_t column = 0; column < side.columns.size(); ++column) {
      out += cell_rect(side, row, column, width);
    }
  }
  return out + own_frame(side, width) +
         "</svg></div>\n<p>Cosine: <span style=\"color:#0c447c\">■</span> 1, "
         "□ 0, <span style=\"color:#c85a0a\">■</span> −1, "
         "<span style=\"color:#d9d9d9\">■</span> no embedding. Point at a "
         "cell for its number.</p>\n";
}

std::string row_html(const ExplainedRow& row) {
  std::string ranks;
  for (const int64_t rank : row.own_ranks) {
    ranks += (ranks.empty() ? "" : ", ") +
             (rank == 0 ? std::string("–") : std::to_string(rank));
  }
  std::string out = "<h3>Sample " + std::to_string(row.sample) + ": reward " +
                    cell_html(row.reward) + "</h3>\n<pre>" +
                    escaped(row.completion) +
                    "</pre>\n<p>Ranks of the own pair: " + ranks +
                    "</p>\n<table><tr><th>term<th>value<th>weight<th>because"
                    "</tr>\n";
  for (const ExplainedTerm& term : row.terms) {
    char weight[32];
    std::snprintf(weight, sizeof weight, "%g", term.weight);
    out += "<tr><td>" + escaped(term.name) + "<td class=n>" +
           cell_html(term.cell) + "<td class=n>" + weight + "<td>" +
           escaped(term.rule) + "</tr>\n";
  }
  return out + "</table>\n";
}

std::string side_html(const ExplainedSide& side) {
  const bool query = side.side == Side::kQuery;
  std::string out =
      std::string("<h2>") + (query ? "Query" : "Target") +
      " side</h2>\n<p>Rows: this pair's samples. Columns: all " +
      std::to_string(side.columns.size()) + (query ? " target" : " query") +
      " trajectories of the cohort, by pair.</p>\n" + heat_map(side);
  for (const ExplainedRow& row : side.rows) out += row_html(row);
  return out;
}

}  // namespace

std::string explanation_html(const Explanation& e) {
  return "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width\">\n"
         "<title>Rewards of pair " +
         escaped(e.pair) + "</title>\n<style>" + kStyle +
         "</style>\n<h1>Why pair " + escaped(e.pair) + " of cohort " +
         escaped(e.cohort) + " got its rewards</h1>\n<p class=hash>policy " +
         escaped(e.policy_hash) + "</p>\n" + side_html(e.query) +
         side_html(e.target) + "</html>\n";
}

}  // namespace ume
