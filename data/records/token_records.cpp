#include "data/records/token_records.h"

#include <nlohmann/json.hpp>

#include "common/tensorfile/bounded_json.h"
#include "data/internal/json_file.h"
#include "data/records/internal/fields.h"

namespace ume {
namespace {

// A text may fill the record: it is what the command is given it for.
constexpr JsonLimits kLimits{.max_text_bytes = 64u << 20};

// Also beyond any vocabulary: such an id stands for no token.
bool is_token_id(const nlohmann::json& value) {
  return value.is_number_integer() && value >= 0 && value <= INT64_MAX;
}

}  // namespace

TextRecord parse_text_record(std::string_view json, const std::string& where) {
  const nlohmann::json record = parse_json(json, where, kLimits);
  const Fields fields(record, where);
  return {fields.id(), fields.text("text")};
}

IdsRecord parse_ids_record(std::string_view json, const std::string& where) {
  const nlohmann::json record = parse_json(json, where, kLimits);
  const Fields fields(record, where);
  IdsRecord result{fields.id(), {}};
  for (const nlohmann::json& value : fields.list("ids")) {
    if (!is_token_id(value)) {
      fields.fail("ids", "expected whole numbers from 0 on, found " +
                             quote_json(value));
    }
    result.ids.push_back(value.get<int64_t>());
  }
  return result;
}

}  // namespace ume
