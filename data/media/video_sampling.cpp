#include "data/media/video_sampling.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr int64_t kTemporalPatch = 2;

int64_t multiple_below(double value) {
  return static_cast<int64_t>(std::floor(value / kTemporalPatch)) *
         kTemporalPatch;
}
int64_t multiple_above(double value) {
  return static_cast<int64_t>(std::ceil(value / kTemporalPatch)) *
         kTemporalPatch;
}

void check_rate(const char* what, double rate) {
  if (std::isfinite(rate) && rate > 0) return;
  throw InvalidInput(std::string(what) + " is " + std::to_string(rate) +
                     " frames a second; expected a positive number");
}

int64_t number_by_fps(int64_t total,
                      double video_fps,
                      const VideoSampling& sampling) {
  const auto least = static_cast<double>(
      multiple_above(static_cast<double>(sampling.min_frames)));
  const auto most = static_cast<double>(multiple_below(
      static_cast<double>(std::min(sampling.max_frames, total))));
  const double wanted = static_cast<double>(total) / video_fps * sampling.fps;
  const double number = std::min(std::max(wanted, least), most);
  return std::max<int64_t>(multiple_below(number), 1);
}

// torch.linspace(0, last, number) in float32: counted from the nearer end.
float position(int64_t i, int64_t number, float last) {
  const float step = last / static_cast<float>(number - 1);
  return i < number / 2 ? step * static_cast<float>(i)
                        : last - step * static_cast<float>(number - 1 - i);
}

// floor of numpy.linspace(0, total - 1, number), in double.
std::vector<int64_t> evenly_spaced(int64_t number, int64_t total) {
  if (number == 1) return {0};
  std::vector<int64_t> frames;
  const double step =
      static_cast<double>(total - 1) / static_cast<double>(number - 1);
  for (int64_t i = 0; i + 1 < number; ++i) {
    frames.push_back(
        static_cast<int64_t>(std::floor(static_cast<double>(i) * step)));
  }
  frames.push_back(total - 1);
  return frames;
}

}  // namespace

std::vector<int64_t> choose_frames(int64_t total,
                                   double video_fps,
                                   const VideoSampling& sampling) {
  if (total < 1) throw InvalidInput("a video without frames");
  if (sampling.num_frames > 0) {
    return evenly_spaced(std::min(sampling.num_frames, total), total);
  }
  check_rate("the video's rate", video_fps);
  check_rate("the sampling's fps", sampling.fps);
  const int64_t number = number_by_fps(total, video_fps, sampling);
  if (number == 1) return {0};
  std::vector<int64_t> frames;
  const auto last = static_cast<float>(total - 1);
  for (int64_t i = 0; i < number; ++i) {
    frames.push_back(
        static_cast<int64_t>(std::nearbyint(position(i, number, last))));
  }
  return frames;
}

}  // namespace ume
