#include <istream>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>

#include "common/error/error.h"
#include "common/files/line_reader.h"
#include "common/tensorfile/bounded_json.h"
#include "reward/offline/offline_scoring.h"

namespace ume {
namespace {

using Json = nlohmann::json;

// Beyond these a line is not a trajectory: a completion has at most 1 MiB.
constexpr size_t kMaxLineBytes = size_t{16} << 20;
constexpr size_t kSpareMemory = size_t{16} << 20;

// Fields of one line, with messages that name the file and the line.
class RecordReader {
 public:
  RecordReader(const std::string& name, int64_t line)
      : name_(name), line_(line) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw InvalidInput(name_ + ":" + std::to_string(line_) + ": " + what);
  }

  Json parse(std::string_view text) const {
    Json value =
        parse_json(text, name_ + ":" + std::to_string(line_),
                   {.max_bytes = kMaxLineBytes, .spare_memory = kSpareMemory});
    if (!value.is_object()) fail("expected a JSON object");
    return value;
  }

  const Json& field(const Json& object, const char* key) const {
    const auto at = object.find(key);
    if (at == object.end()) fail(std::string("no field '") + key + "'");
    return *at;
  }

  std::string text(const Json& object, const char* key) const {
    const Json& value = field(object, key);
    if (!value.is_string()) wrong(key, value, "a string");
    return value.get<std::string>();
  }

  // A number or a string, kept as JSON text.
  std::string identifier(const Json& object, const char* key) const {
    const Json& value = field(object, key);
    if (!value.is_number_integer() && !value.is_string()) {
      wrong(key, value, "a whole number or a string");
    }
    return value.dump();
  }

  int64_t count(const Json& object, const char* key) const {
    const Json& value = field(object, key);
    if (!value.is_number_integer() || value < 0 ||
        value > std::numeric_limits<int32_t>::max()) {
      wrong(key, value, "a whole number, 0 or more");
    }
    return value.get<int64_t>();
  }

  Side side(const Json& object) const {
    const Json& value = field(object, "side");
    if (value == "query") return Side::kQuery;
    if (value == "target") return Side::kTarget;
    wrong("side", value, "\"query\" or \"target\"");
  }

  std::vector<float> embedding(const Json& object, const char* key) const {
    const auto at = object.find(key);
    if (at == object.end() || at->is_null()) return {};
    if (!at->is_array()) wrong(key, *at, "a list of numbers");
    std::vector<float> out;
    out.reserve(at->size());
    for (const Json& item : *at) out.push_back(number(item, key));
    return out;
  }

  // Empty where there is none.
  std::string optional_text(const Json& object, const char* key) const {
    return object.contains(key) ? text(object, key) : "";
  }

  // How many elements a list has; -1 where there is none.
  int64_t optional_length(const Json& object, const char* key) const {
    const auto at = object.find(key);
    if (at == object.end()) return -1;
    if (!at->is_array()) wrong(key, *at, "a list");
    return static_cast<int64_t>(at->size());
  }

 private:
  // null and the strings of the parity files stand for what JSON cannot write.
  float number(const Json& item, const char* key) const {
    if (item.is_number()) return static_cast<float>(item.get<double>());
    if (item.is_null() || item == "nan") {
      return std::numeric_limits<float>::quiet_NaN();
    }
    if (item == "inf") return std::numeric_limits<float>::infinity();
    if (item == "-inf") return -std::numeric_limits<float>::infinity();
    wrong(key, item, "numbers");
  }

  [[noreturn]] void wrong(const char* key,
                          const Json& found,
                          const char* expected) const {
    std::string shown =
        found.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (shown.size() > 80) shown = shown.substr(0, 80) + "…";
    fail(std::string(key) + ": found " + shown + ", expected " + expected);
  }

  const std::string& name_;
  const int64_t line_;
};

Json cell_json(const RewardCell& cell) {
  switch (cell.state) {
    case CellState::kValue:
      return cell.value;
    case CellState::kInvalid:
      return {{"invalid", cell.reason}};
    case CellState::kFailed:
      break;
  }
  return {{"failed", cell.reason}};
}

}  // namespace

std::vector<TrajectoryRecord> read_trajectory_records(std::istream& in,
                                                      const std::string& name) {
  std::vector<TrajectoryRecord> records;
  LineReader lines(in, name, kMaxLineBytes);
  while (const auto line = lines.next()) {
    if (line->is_blank()) continue;
    const RecordReader reader(name, static_cast<int64_t>(line->number));
    if (line->is_too_long) {
      reader.fail("the line has more than " + std::to_string(kMaxLineBytes) +
                  " bytes");
    }
    const Json object = reader.parse(line->text);
    TrajectoryRecord record;
    record.cohort = reader.identifier(object, "cohort");
    record.pair = reader.identifier(object, "pair");
    record.side = reader.side(object);
    record.sample = reader.count(object, "sample");
    record.completion = reader.text(object, "completion");
    record.gen_embedding = reader.embedding(object, "gen_embedding");
    record.disc_embedding = reader.embedding(object, "disc_embedding");
    record.num_tokens = reader.optional_length(object, "ids");
    if (object.contains("step")) {
      record.step = static_cast<uint64_t>(reader.count(object, "step"));
    }
    record.source = reader.optional_text(object, "source");
    record.prompt_digest = reader.optional_text(object, "prompt_digest");
    record.duplicate_id = reader.optional_text(object, "duplicate_id");
    const auto prompt = object.find("prompt");
    if (prompt != object.end() && prompt->is_object()) {
      record.prompt = reader.optional_text(*prompt, "text");
    }
    const auto source = object.find("embedding_source");
    record.from_prompt = source != object.end() && *source == "prompt";
    record.line = static_cast<int64_t>(line->number);
    records.push_back(std::move(record));
  }
  return records;
}

void write_scored_records(std::ostream& out,
                          const std::vector<ScoredRecord>& rows) {
  for (const ScoredRecord& row : rows) {
    nlohmann::ordered_json object;
    object["cohort"] = Json::parse(row.cohort);
    object["pair"] = Json::parse(row.pair);
    object["side"] = side_name(row.side);
    object["sample"] = row.sample;
    object["reward"] = cell_json(row.reward);
    object["components"] = Json::object();
    for (const auto& [name, cell] : row.components) {
      object["components"][name] = cell_json(cell);
    }
    out << object.dump() << '\n';
  }
}

}  // namespace ume
