#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ume {

// A text to cut into tokens: {"text"}, with "id" where wanted.
struct TextRecord {
  std::string id;  // as JSON; "null" where the record has none
  std::string text;
};

// Token ids to put together again: {"ids"}, with "id" where wanted.
struct IdsRecord {
  std::string id;  // as JSON; "null" where the record has none
  std::vector<int64_t> ids;
};

// One record from its JSON text; other members are ignored. Throws InvalidInput
// that begins with `where` for what is no such record; JSON is UTF-8, so that
// other bytes are refused, as is half of a surrogate pair ("\ud83d").
TextRecord parse_text_record(std::string_view json, const std::string& where);
// Ids are whole numbers from 0 on.
IdsRecord parse_ids_record(std::string_view json, const std::string& where);

}  // namespace ume
