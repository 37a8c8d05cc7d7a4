#include "data/records/annotated_pairs.h"

#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "data/internal/json_file.h"
#include "data/records/internal/annotated_record.h"
#include "data/records/internal/fields.h"
#include "data/records/internal/record_index.h"

namespace ume {
namespace {

size_t count_marker(const std::vector<Turn>& turns, std::string_view marker) {
  size_t count = 0;
  for (const Turn& turn : turns) {
    if (turn.role != "user") continue;
    for (size_t at = turn.text.find(marker); at != std::string::npos;
         at = turn.text.find(marker, at + marker.size())) {
      ++count;
    }
  }
  return count;
}

void check_markers(const Fields& side,
                   const char* field,
                   const AnnotatedSide& read,
                   size_t expected) {
  const std::string marker = "<" + std::string(field) + ">";
  const size_t found = count_marker(read.turns, marker);
  if (found != expected) {
    side.fail("conversations", std::to_string(found) + " " + marker +
                                   " in the human turns for " +
                                   std::to_string(expected) + " in '" + field +
                                   "'");
  }
}

Turn read_turn(const nlohmann::json& entry, const std::string& where) {
  const Fields fields(entry, where);
  const std::string from = fields.text("from");
  if (from != "human" && from != "gpt") {
    fields.fail("from", "expected \"human\" or \"gpt\", found " +
                            quote_json(nlohmann::json(from)));
  }
  return {from == "human" ? "user" : "assistant", fields.text("value")};
}

AnnotatedSide read_side(const Fields& side, const std::string& media_root) {
  AnnotatedSide out;
  out.images = side.media("image", media_root);
  out.frames = side.media("video", media_root);
  if (!out.images.empty() && !out.frames.empty()) {
    side.fail("video", "a side has either 'image' or 'video', not both");
  }
  const nlohmann::json& turns = side.list("conversations");
  for (size_t i = 0; i < turns.size(); ++i) {
    Turn turn = read_turn(
        turns[i], side.at("conversations") + "[" + std::to_string(i) + "]");
    // As the published reader does: what comes before the first question goes.
    if (out.turns.empty() && turn.role != "user") continue;
    out.turns.push_back(std::move(turn));
  }
  if (out.turns.empty()) side.fail("conversations", "no turn is from 'human'");
  check_markers(side, "image", out, out.images.size());
  check_markers(side, "video", out, out.frames.empty() ? 0 : 1);
  return out;
}

}  // namespace

AnnotatedPair parse_annotated_record(const nlohmann::json& record,
                                     const std::string& where,
                                     const std::string& media_root) {
  const Fields fields(record, where);
  return {fields.text_or_empty("dataset_name"),
          read_side(fields.object("qry"), media_root),
          read_side(fields.object("pos"), media_root)};
}

struct AnnotatedPairFile::State {
  RecordIndex index;
  std::string media_root;
};

AnnotatedPairFile::AnnotatedPairFile(const std::filesystem::path& path,
                                     std::string media_root)
    : state_(std::make_unique<const State>(
          State{RecordIndex(path), std::move(media_root)})) {}

AnnotatedPairFile::~AnnotatedPairFile() = default;
AnnotatedPairFile::AnnotatedPairFile(AnnotatedPairFile&&) noexcept = default;
AnnotatedPairFile& AnnotatedPairFile::operator=(AnnotatedPairFile&&) noexcept =
    default;

size_t AnnotatedPairFile::size() const {
  return state_->index.size();
}

std::string AnnotatedPairFile::where(size_t i) const {
  return state_->index.where(i);
}

AnnotatedPair AnnotatedPairFile::at(size_t i) const {
  return parse_annotated_record(state_->index.at(i), where(i),
                                state_->media_root);
}

}  // namespace ume
