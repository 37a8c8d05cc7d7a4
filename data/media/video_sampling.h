#pragma once

#include <cstdint>
#include <vector>

namespace ume {

// Which frames of a video file are used.
struct VideoSampling {
  double fps = 2.0;        // frames a second; ignored when num_frames > 0
  int64_t num_frames = 0;  // > 0: this many, evenly spaced
  int64_t min_frames = 4;  // of sampling by fps
  int64_t max_frames = 512;
};

// The frames to use, ascending, counted from 0.
//
// By fps, with d the temporal patch (2): n = total / video_fps * fps, at least
// min_frames, at most max_frames and `total`, rounded down to a multiple of d;
// then n positions evenly spaced from the first frame to the last, rounded
// (halves to even, in float32). A video of one frame gives that frame.
// By number: floor(linspace(0, total - 1, num_frames)); all frames of a
// shorter video.
//
// total: frames in the file. video_fps: its average rate.
// Throws InvalidInput for total < 1 and for a rate or an fps that is not
// positive and finite.
// Source: qwen_vl_utils' smart_nframes (there a single frame is an error) and
// torch.linspace; by number: UME-R1's published evaluation.
std::vector<int64_t> choose_frames(int64_t total,
                                   double video_fps,
                                   const VideoSampling& sampling);

}  // namespace ume
