#include "eval/report/internal/line_chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "eval/report/internal/html.h"

namespace ume::html {
namespace {

using Points = std::vector<std::pair<double, double>>;

// The drawing's size and margins, in SVG units (about pixels).
constexpr double kWidth = 380, kHeight = 220;
constexpr double kLeft = 46, kRight = 12, kTop = 10, kBottom = 34;
constexpr size_t kMaxPoints = 300;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

struct Axes {
  Range x, y;
  bool log2_x = false;

  double place_x(double value) const {
    const double at = log2_x ? std::log2(value) : value;
    return kLeft + (at - x.low) / (x.high - x.low) * (kWidth - kLeft - kRight);
  }
  double place_y(double value) const {
    const double share = (value - y.low) / (y.high - y.low);
    return kHeight - kBottom - share * (kHeight - kTop - kBottom);
  }
};

std::string coordinate(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.1f", value);
  return buffer;
}

// 1, 2 or 5 times a power of ten, so that about `parts` steps fill the range.
double nice_step(double range, int parts) {
  const double raw = range / parts;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power * 1.001) return factor * power;
  }
  return 10.0 * power;
}

bool drawable(const LineChart& chart, double x, double y) {
  return std::isfinite(x) && std::isfinite(y) && std::abs(y) < 1e15 &&
         (!chart.log2_x || x > 0.0);
}

// Finite points only, at most kMaxPoints: means of equally many neighbours.
Points thinned(const LineChart& chart, const Points& points) {
  Points kept;
  for (const auto& [x, y] : points) {
    if (drawable(chart, x, y)) kept.emplace_back(x, y);
  }
  if (kept.size() <= kMaxPoints) return kept;
  Points out;
  for (size_t bin = 0; bin < kMaxPoints; ++bin) {
    const size_t from = bin * kept.size() / kMaxPoints;
    const size_t to = (bin + 1) * kept.size() / kMaxPoints;
    double x = 0.0, y = 0.0;
    for (size_t i = from; i < to; ++i) {
      x += kept[i].first;
      y += kept[i].second;
    }
    out.emplace_back(x / static_cast<double>(to - from),
                     y / static_cast<double>(to - from));
  }
  return out;
}

Points running_mean(const Points& points) {
  const size_t reach = std::max<size_t>(1, points.size() / 24);
  Points out;
  for (size_t i = 0; i < points.size(); ++i) {
    const size_t from = i < reach ? 0 : i - reach;
    const size_t to = std::min(points.size(), i + reach + 1);
    double sum = 0.0;
    for (size_t j = from; j < to; ++j) sum += points[j].second;
    out.emplace_back(points[i].first, sum / static_cast<double>(to - from));
  }
  return out;
}

std::string path(const Axes& axes, const Points& points) {
  std::string d;
  for (const auto& [x, y] : points) {
    d += d.empty() ? "M" : "L";
    d += coordinate(axes.place_x(x)) + " " + coordinate(axes.place_y(y));
  }
  return d;
}

Axes axes_of(const LineChart& chart, const std::vector<Points>& lines) {
  Axes axes;
  axes.log2_x = chart.log2_x;
  for (size_t i = 0; i < lines.size(); ++i) {
    for (const auto& [x, y] : lines[i]) {
      axes.x.include(chart.log2_x ? std::log2(x) : x);
      axes.y.include(y);
    }
    for (const auto& [low, high] : chart.series[i].intervals) {
      axes.y.include(low);
      axes.y.include(high);
    }
  }
  if (axes.x.high <= axes.x.low) axes.x.high = axes.x.low + 1.0;
  const double span = axes.y.high - axes.y.low;
  const double least = std::max(1e-9, 1e-6 * std::abs(axes.y.high));
  if (span < least) {
    axes.y.low -= 0.5 * std::max(least, 0.1 * std::abs(axes.y.high));
    axes.y.high += 0.5 * std::max(least, 0.1 * std::abs(axes.y.high));
  }
  if (chart.y_min) axes.y.low = std::min(*chart.y_min, axes.y.low);
  if (chart.y_max) axes.y.high = std::max(*chart.y_max, axes.y.high);
  const double step = nice_step(axes.y.high - axes.y.low, 5);
  axes.y.low = std::floor(axes.y.low / step + 1e-6) * step;
  axes.y.high = std::ceil(axes.y.high / step - 1e-6) * step;
  return axes;
}

std::string y_ticks(const Axes& axes, bool as_percent) {
  const double step = nice_step(axes.y.high - axes.y.low, 5);
  const double shown = as_percent ? 100.0 * step : step;
  const int decimals =
      std::clamp(static_cast<int>(-std::floor(std::log10(shown) + 1e-9)), 0, 6);
  std::string out;
  for (int i = 0; i <= 12; ++i) {
    const double value = axes.y.low + i * step;
    if (value > axes.y.high + 0.01 * step) break;
    const std::string y = coordinate(axes.place_y(value));
    const std::string label = as_percent ? number(100.0 * value, decimals) + "%"
                                         : number(value, decimals);
    out += "<line class=\"grid\" x1=\"" + coordinate(kLeft) + "\" x2=\"" +
           coordinate(kWidth - kRight) + "\" y1=\"" + y + "\" y2=\"" + y +
           "\"/><text x=\"" + coordinate(kLeft - 6) + "\" y=\"" + y +
           "\" dy=\"4\" text-anchor=\"end\">" + label + "</text>";
  }
  return out;
}

std::string x_tick(const Axes& axes, double value) {
  return "<text x=\"" + coordinate(axes.place_x(value)) + "\" y=\"" +
         coordinate(kHeight - kBottom + 16) + "\" text-anchor=\"middle\">" +
         number(value, 0) + "</text>";
}

std::string x_ticks(const Axes& axes, const std::vector<Points>& lines) {
  std::string out;
  if (axes.log2_x) {
    for (const auto& [x, y] : lines.front()) out += x_tick(axes, x);
    return out;
  }
  const double step = std::max(1.0, nice_step(axes.x.high - axes.x.low, 5));
  for (int i = 0; i <= 12; ++i) {
    const double value = (std::ceil(axes.x.low / step - 1e-6) + i) * step;
    if (value > axes.x.high + 1e-6) break;
    out += x_tick(axes, value);
  }
  return out;
}

std::string series_svg(const LineChart& chart,
                       const Axes& axes,
                       const Series& series,
                       const Points& line) {
  const std::string style = " s" + std::to_string(series.style);
  std::string out;
  const bool smooth = chart.smooth && line.size() >= 12;
  if (smooth) {
    out += "<path class=\"raw" + style + "\" d=\"" + path(axes, line) + "\"/>";
  }
  for (size_t i = 0; i < series.intervals.size() && i < line.size(); ++i) {
    const std::string x = coordinate(axes.place_x(line[i].first));
    out += "<line class=\"whisker" + style + "\" x1=\"" + x + "\" x2=\"" + x +
           "\" y1=\"" + coordinate(axes.place_y(series.intervals[i].first)) +
           "\" y2=\"" + coordinate(axes.place_y(series.intervals[i].second)) +
           "\"/>";
  }
  out += "<path class=\"line" + style + "\" d=\"" +
         path(axes, smooth ? running_mean(line) : line) + "\"/>";
  if (chart.points_marked) {
    for (const auto& [x, y] : line) {
      out += "<circle class=\"dot" + style + "\" r=\"3.5\" cx=\"" +
             coordinate(axes.place_x(x)) + "\" cy=\"" +
             coordinate(axes.place_y(y)) + "\"/>";
    }
  }
  return out;
}

// For people who hear the page: where each line starts and ends.
std::string description(const LineChart& chart,
                        const std::vector<Points>& lines) {
  std::string out = text(chart.title) + ": ";
  const auto shown = [&](double y) {
    return chart.as_percent ? percent(y) : number(y);
  };
  for (size_t i = 0; i < lines.size(); ++i) {
    out += (i == 0 ? "" : "; ") + text(chart.series[i].label) + " from " +
           shown(lines[i].front().second) + " to " +
           shown(lines[i].back().second);
  }
  return out + ".";
}

std::string legend(const LineChart& chart) {
  if (chart.series.size() < 2) return "";
  std::string out = "<ul class=\"legend\" aria-hidden=\"true\">";
  for (const Series& series : chart.series) {
    out +=
        "<li><svg class=\"swatch\" viewBox=\"0 0 22 8\"><path class=\"line s" +
        std::to_string(series.style) + "\" d=\"M1 4L21 4\"/></svg>" +
        text(series.label) + "</li>";
  }
  return out + "</ul>";
}

}  // namespace

std::string line_chart(const LineChart& given) {
  LineChart chart = given;
  std::vector<Points> lines;
  std::erase_if(chart.series, [&](const Series& series) {
    Points line = thinned(chart, series.points);
    const bool drop = line.size() < 2;
    if (!drop) lines.push_back(std::move(line));
    return drop;
  });
  if (lines.empty()) return "";
  const Axes axes = axes_of(chart, lines);
  std::string out = "<figure class=\"chart\"><figcaption>" + text(chart.title) +
                    "</figcaption>" + legend(chart) + "<svg viewBox=\"0 0 " +
                    coordinate(kWidth) + " " + coordinate(kHeight) +
                    "\" role=\"img\" aria-label=\"" +
                    description(chart, lines) + "\">";
  out += y_ticks(axes, chart.as_percent) + x_ticks(axes, lines);
  out += "<text class=\"axis\" x=\"" +
         coordinate((kLeft + kWidth - kRight) / 2) + "\" y=\"" +
         coordinate(kHeight - 3) + "\" text-anchor=\"middle\">" +
         text(chart.x_label) + "</text>";
  for (size_t i = 0; i < lines.size(); ++i) {
    out += series_svg(chart, axes, chart.series[i], lines[i]);
  }
  return out + "</svg></figure>\n";
}

}  // namespace ume::html
