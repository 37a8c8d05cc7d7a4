#include "common/progress/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace ume {
namespace {

constexpr double kWindowSeconds = 60.0;
constexpr double kTerminalIntervalSeconds = 0.1;

std::string number(double value) {
  char text[32];
  const int digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

size_t terminal_width(std::FILE* out) {
  winsize size{};
  if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 10) {
    return size.ws_col - 1u;
  }
  return 79;
}

// Never in the middle of a character.
void cut(std::string& text, size_t width) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins && ++count > width) {
      text.resize(i);
      return;
    }
  }
}

}  // namespace

std::string format_duration(std::optional<double> seconds) {
  if (!seconds || !(*seconds >= 0.0) || *seconds > 1e7) {
    return "-:--";
  }
  const auto whole = static_cast<long>(std::lround(*seconds));
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof(text), "%ld:%02ld:%02ld", whole / 3600,
                  whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof(text), "%ld:%02ld", whole / 60, whole % 60);
  }
  return text;
}

std::string format_progress(const Progress& progress,
                            std::optional<double> rate,
                            size_t width) {
  const bool has_total = progress.total > 0;
  std::string text = progress.label + "  " + std::to_string(progress.done);
  text += has_total ? "/" + std::to_string(progress.total) : "";
  text += " " + progress.unit;
  if (has_total) {
    const uint64_t done = std::min(progress.done, progress.total);
    text += "  " + std::to_string(100 * done / progress.total) + "%";
  }
  if (rate) {
    text += "  " + number(*rate) + " " + progress.unit + "/s";
  }
  if (progress.total > progress.done) {
    std::optional<double> left;
    if (rate && *rate > 0.0) {
      left = static_cast<double>(progress.total - progress.done) / *rate;
    }
    text += "  left " + format_duration(left);
  }
  if (!progress.detail.empty()) {
    text += "  " + progress.detail;
  }
  if (width > 0) {
    cut(text, width);
  }
  return text;
}

ProgressLine::ProgressLine(std::FILE* out,
                           const Clock& clock,
                           double line_interval_seconds)
    : out_(out),
      clock_(clock),
      line_interval_seconds_(line_interval_seconds),
      is_terminal_(isatty(fileno(out)) == 1) {}

ProgressLine::~ProgressLine() {
  finish();
}

void ProgressLine::update(const Progress& progress) {
  const double now = clock_.now_seconds();
  if (progress.label != last_.label) {
    finish();
    shown_done_.reset();
  }
  // The end is said once.
  if (!is_terminal_ && progress.done == progress.total &&
      shown_done_ == progress.done) {
    return;
  }
  remember(progress, now);
  last_ = progress;
  last_shown_ = false;
  if (due(now)) {
    shown_seconds_ = now;
    show();
  }
}

void ProgressLine::finish() {
  if (!last_shown_) {
    show();
  }
  if (line_open_) {
    std::fprintf(out_, "\n");
    std::fflush(out_);
    line_open_ = false;
  }
  shown_seconds_.reset();
}

void ProgressLine::show() {
  last_shown_ = true;
  shown_done_ = last_.done;
  if (is_terminal_) {
    // Back to the start of the line; what was there is erased.
    std::fprintf(out_, "\r%s\x1b[K",
                 format_progress(last_, rate(), terminal_width(out_)).c_str());
    line_open_ = true;
  } else {
    std::fprintf(out_, "%s\n", format_progress(last_, rate()).c_str());
  }
  std::fflush(out_);
}

void ProgressLine::remember(const Progress& progress, double now) {
  if (progress.label != last_.label || progress.done < last_.done) {
    samples_.clear();
  }
  samples_.push_back({now, progress.done});
  while (samples_.size() > 2 &&
         samples_.front().seconds < now - kWindowSeconds) {
    samples_.pop_front();
  }
}

std::optional<double> ProgressLine::rate() const {
  if (last_.rate) return last_.rate;
  if (samples_.empty() || samples_.back().done == samples_.front().done ||
      samples_.back().seconds <= samples_.front().seconds) {
    return std::nullopt;
  }
  return static_cast<double>(samples_.back().done - samples_.front().done) /
         (samples_.back().seconds - samples_.front().seconds);
}

bool ProgressLine::due(double now) const {
  const bool complete = last_.total > 0 && last_.done == last_.total;
  const double interval =
      is_terminal_ ? kTerminalIntervalSeconds : line_interval_seconds_;
  return !shown_seconds_ || complete || now - *shown_seconds_ >= interval;
}

}  // namespace ume
