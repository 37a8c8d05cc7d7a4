#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ume::html {

struct Series {
  std::string label;
  std::vector<std::pair<double, double>> points;  // (x, y), x ascending
  // 1..5: colour and dash of the style sheet.
  int style = 1;
  // Half-transparent intervals (low, high), one per point; empty: none.
  std::vector<std::pair<double, double>> intervals;
};

struct LineChart {
  std::string title;
  std::string x_label;
  std::vector<Series> series;
  bool log2_x = false;
  bool as_percent = false;     // y is a share
  bool smooth = false;         // a running mean over the faint raw line
  bool points_marked = false;  // few points: draw them
  std::optional<double> y_min;
  std::optional<double> y_max;
};

// A figure with caption, legend and inline SVG; empty when no series has two
// finite points. Long series are thinned to what can be seen.
std::string line_chart(const LineChart& chart);

}  // namespace ume::html
