#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ume {

// A picture or frame on disk. Pixels never travel; each role maps `root` to a
// folder of its own (`media_roots` in the configuration; "." is the folder of
// the record file).
struct MediaRef {
  std::string root = ".";
  std::string path;          // relative to the root, '/'-separated
  std::string content_hash;  // XXH3-128 of the file, hex; empty: not checked
  bool operator==(const MediaRef&) const = default;
};

// One side's own text and media, before any template.
struct PromptRecord {
  std::string text;
  std::vector<MediaRef> images;
  std::vector<MediaRef> frames;  // of one video; empty when there are images
  double fps = 2.0;              // of `frames`
  bool operator==(const PromptRecord&) const = default;
};

// One video: its frames in order, or the file that holds them.
struct VideoRef {
  std::vector<MediaRef> frames;
  double fps = 2.0;
};

// What the image and video parts of a conversation's messages stand for, each
// kind in order of appearance.
struct MessageMedia {
  std::vector<MediaRef> images;
  std::vector<VideoRef> videos;
};

// A (query, positive target) pair of a reinforcement-learning file.
struct PairRecord {
  uint64_t position = 0;  // in the data set's order
  std::string source;     // `dataset_name`; empty when the record has none
  PromptRecord query;
  PromptRecord target;
  // Pairs that say the same have the same one; empty: not known.
  std::string duplicate_id;
  bool operator==(const PairRecord&) const = default;
};

// One turn of a conversation, as the cold-start files have it.
struct Turn {
  std::string role;  // "user" or "assistant"
  std::string text;  // holds <image> / <video> markers in user turns
  bool operator==(const Turn&) const = default;
};

// One side of a cold-start (SFT) pair: conversation and media, ready to render.
struct AnnotatedSide {
  std::vector<Turn> turns;
  std::vector<MediaRef> images;
  std::vector<MediaRef> frames;
  bool operator==(const AnnotatedSide&) const = default;
};

struct AnnotatedPair {
  std::string source;
  AnnotatedSide query;
  AnnotatedSide target;
  bool operator==(const AnnotatedPair&) const = default;
};

}  // namespace ume
