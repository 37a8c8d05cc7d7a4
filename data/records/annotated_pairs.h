#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "common/types/record.h"

namespace ume {

// The cold-start (SFT) file in the published format: a .json array or .jsonl of
// {"dataset_name", "qry": {"image" | "video", "conversations"}, "pos": …}.
// The places of the records are found once; a record is read when asked for.
// Turns before the first human one are dropped; human is "user", gpt is
// "assistant". All functions throw InvalidInput with file, line and field.
class AnnotatedPairFile {
 public:
  // media_root: the root of every MediaRef; "." is the file's folder.
  explicit AnnotatedPairFile(const std::filesystem::path& path,
                             std::string media_root = ".");
  ~AnnotatedPairFile();
  AnnotatedPairFile(AnnotatedPairFile&&) noexcept;
  AnnotatedPairFile& operator=(AnnotatedPairFile&&) noexcept;

  size_t size() const;
  // Safe from several threads. i < size().
  AnnotatedPair at(size_t i) const;
  std::string where(size_t i) const;  // "FILE, line 12"

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace ume
